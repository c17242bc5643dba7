/** What became of each of many where not all went well; those that did not come first. */
import { t } from "../text";
import { Badge } from "./badge";
import { Button } from "./button";
import { Dialog } from "./dialog";

export interface Result {
  id: string;
  ok: boolean;
  label: string;
  error: string;
}

export function Results({ of: told, onClose }: { of: readonly Result[]; onClose: () => void }) {
  const failed = told.filter((one) => !one.ok);
  return (
    <Dialog title={t("bulk.results")} onClose={onClose}>
      <p>{t("bulk.results.of", { n: failed.length, all: told.length })}</p>
      <ul class="rows">
        {[...failed, ...told.filter((one) => one.ok)].map(({ id, ok, label, error }) => (
          <li key={id}>
            <span class="grow">
              <strong>{label}</strong> {error && <span class="soft">{withoutName(error, label)}</span>}
            </span>
            <Badge tone={ok ? "good" : "bad"}>{t(ok ? "outcome.done" : "outcome.failed")}</Badge>
          </li>
        ))}
      </ul>
      <footer>
        <Button kind="main" onClick={onClose}>
          {t("close")}
        </Button>
      </footer>
    </Dialog>
  );
}

/** The name stands before it already. */
function withoutName(error: string, label: string): string {
  return error.startsWith(`${label} `) ? error.slice(label.length + 1) : error;
}
