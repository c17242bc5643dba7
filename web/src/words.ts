/** What states are called, how they look, and how far a generation is: from the gateway's words to the reader's. */
import type { Tone } from "./parts/badge";
import type { AccountView, Job, Progress, ProxyView, Trends } from "./live/protocol.gen";
import { agent } from "./agent";
import { clock } from "./format";
import { t, word } from "./text";

const JOB_TONES: Record<string, Tone> = {
  queued: "quiet",
  starting: "working",
  submitting: "working",
  running: "working",
  fetching: "working",
  succeeded: "good",
  failed: "bad",
  cancelled: "quiet",
};
const ACCOUNT_TONES: Record<string, Tone> = {
  active: "good",
  resting: "resting",
  exhausted: "resting",
  needs_login: "bad",
  disabled: "quiet",
};

export function jobTone(state: string): Tone {
  return JOB_TONES[state] ?? "quiet";
}

export function accountTone({ account, parked }: AccountView): Tone {
  return parked ? "bad" : (ACCOUNT_TONES[account.standing.state] ?? "quiet");
}

/** What a generation is at: its place in the line, its stage, or how it ended. */
export function jobWords({ job, position, stage }: Progress): string {
  if (job.state === "queued" && position) return t("job.place", { n: position });
  return stage && job.state !== "queued" ? word("stage", stage) : word("job", job.state);
}

/** One sentence on how an account stands: "Rests until 14:05 (too many requests)". */
export function standingWords({ account, parked }: AccountView): string {
  if (parked) return t("account.parked");
  const { state, until, code, by } = account.standing;
  const why = code && code !== "admin" ? ` (${word("why", code)})` : "";
  if (code === "balance_empty") return t("account.empty");
  if (state === "resting" || state === "exhausted")
    return (until ? t(`account.${state}.until`, { at: clock(until) }) : word("account", state)) + why;
  if (state === "disabled" && by && by !== "admin") return t("account.disabled.by", { why: word("why", code || by) });
  return word("account", state) + (state === "active" ? "" : why);
}

/** How a proxy stands: "Rests until 14:05". */
export function proxyWords({ state, health }: ProxyView): string {
  const until = health.resting_until;
  return state === "resting" && until ? t("proxy.resting.until", { at: clock(until) }) : t(`proxy.${state}`);
}

/** "Firefox on Linux"; what calls itself by no known name is quoted. */
export function agentWords(text: string): string {
  const { program, system } = agent(text);
  if (program && system) return t("agent.on", { program, system });
  return program ?? system ?? (text || t("agent.none"));
}

const SHARES: Record<string, number> = { queued: 0, starting: 0.06, fetching: 0.95, succeeded: 1, failed: 1, cancelled: 1 };

/** How long a model usually takes, as far as lately seen. */
export function usualSeconds(trends: Trends | null, model: string, kind: string): number {
  return trends?.latency.find((one) => one.model === model)?.median_seconds ?? (kind === "video" ? 120 : 15);
}

/** A stored generation as a watcher would see it. */
export function still(job: Job): Progress {
  return { job, position: null, stage: "", account: null, percent: null, note: "" };
}

/** How far a generation is, from 0 to 1. A picture is made while it is being submitted. Where the upstream does not tell, time against the usual one does. */
export function share({ job, percent }: Progress, at: number, usual: number): number {
  const fixed = SHARES[job.state];
  if (fixed !== undefined) return fixed;
  if (percent !== null && percent !== undefined) return 0.1 + (0.8 * percent) / 100;
  const passed = Math.max(0, at - (job.submitted_at ?? job.updated_at)) / Math.max(usual, 1);
  return 0.1 + 0.8 * (1 - Math.exp(-1.6 * passed));
}
