/** What can be done to all generations that are picked: given up, or removed with what they made. */
import { useState } from "preact/hooks";
import { act } from "../../act";
import { post } from "../../api";
import type { JobDone, JobsBulk, JobsBulkResult, Progress as Told } from "../../live/protocol.gen";
import { isFinal } from "../../live/state";
import { Button } from "../../parts/button";
import { sure } from "../../parts/dialog";
import { type Result, Results } from "../../parts/results";
import { say } from "../../parts/toast";
import { shortened } from "../../format";
import { t } from "../../text";

/** The gateway takes no more in one order. */
const MOST = 200;
const NAME_LENGTH = 60;

interface Props {
  picked: ReadonlySet<string>;
  /** What is shown: a generation that is hidden by a filter is not acted on. */
  rows: readonly Told[];
  pick: (picked: ReadonlySet<string>) => void;
}

export function Bulk({ picked, rows, pick }: Props) {
  const [told, setTold] = useState<readonly Result[] | null>(null);
  const chosen = rows.filter((one) => picked.has(one.job.id));
  const over = chosen.filter((one) => isFinal(one.job.state));
  const running = chosen.filter((one) => !isFinal(one.job.state));
  const doAll = async (action: JobsBulk["action"], some: readonly Told[]) => {
    const names = new Map(some.map(({ job }) => [job.id, job.generation.prompt.slice(0, NAME_LENGTH) || shortened(job.id)]));
    const done: JobDone[] = [];
    for (let at = 0; at < some.length; at += MOST) {
      const ids = some.slice(at, at + MOST).map((one) => one.job.id);
      const answer = await act(() => post<JobsBulkResult>("/api/jobs/bulk", { ids, action } satisfies JobsBulk));
      // What is left stays picked, so that it can be tried again.
      if (!answer) break;
      done.push(...answer.results);
    }
    const good = done.filter((one) => one.ok).length;
    if (good) say(t(action === "remove" ? "generations.removed" : "generations.cancelled", { n: good }));
    if (good < done.length) setTold(done.map((one) => ({ ...one, label: names.get(one.id) ?? one.id })));
    const gone = new Set(done.map((one) => one.id));
    pick(new Set([...picked].filter((id) => !gone.has(id))));
  };
  const remove = async () => {
    const files = over.reduce((sum, one) => sum + one.job.results.length, 0);
    if (await sure(t("generations.remove.title", { n: over.length }), t("generations.remove.body", { n: files }), t("remove"))) await doAll("remove", over);
  };
  const cancel = async () => {
    if (await sure(t("generations.cancel.title", { n: running.length }), t("generations.cancel.body"), t("cancel.generations"))) await doAll("cancel", running);
  };
  return (
    <>
      {chosen.length > 0 && (
        <div class="bulk" role="region" aria-label={t("picked", { n: chosen.length })}>
          <strong>{t("picked", { n: chosen.length })}</strong>
          {running.length > 0 && <Button onClick={cancel}>{t("cancel.n", { n: running.length })}</Button>}
          {over.length > 0 && (
            <Button kind="danger" icon="bin" onClick={remove}>
              {t("remove.n", { n: over.length })}
            </Button>
          )}
          {chosen.length < rows.length && <Button onClick={() => pick(new Set(rows.map((one) => one.job.id)))}>{t("pick.shown", { n: rows.length })}</Button>}
          <Button kind="plain" icon="close" label={t("picked.none")} onClick={() => pick(new Set())} />
        </div>
      )}
      {told && <Results of={told} onClose={() => setTold(null)} />}
    </>
  );
}
