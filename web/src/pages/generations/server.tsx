/** Which account a generation is or was served by: its name, as long as the account is there. */
import type { Progress } from "../../live/protocol.gen";
import { accounts } from "../../live/state";
import { None } from "../../parts/empty";

export function served({ job, account }: Progress): string | null {
  return account ?? (job.account_id && (accounts.value?.get(job.account_id)?.account.label ?? job.account_id));
}

/** A part of its own, since accounts may be told after the generations. */
export function Server({ of: told }: { of: Progress }) {
  return <>{served(told) ?? <None />}</>;
}
