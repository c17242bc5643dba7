/** The columns of the list of generations. */
import { now } from "../../format";
import type { Progress as Told } from "../../live/protocol.gen";
import { isFinal, trends } from "../../live/state";
import { Badge } from "../../parts/badge";
import { CopyId } from "../../parts/copy";
import { None } from "../../parts/empty";
import { isClip, mediaUrl } from "../../parts/media";
import { Progress } from "../../parts/progress";
import type { Column } from "../../parts/table";
import { Ago, Took } from "../../parts/time";
import { t, word } from "../../text";
import { jobTone, jobWords, share, usualSeconds } from "../../words";
import { served, Server } from "./server";

export function columns(): Column<Told>[] {
  return [
    { id: "prompt", title: t("prompt"), wide: true, cell: (one) => one.job.generation.prompt || <i>{t("prompt.none")}</i> },
    { id: "result", title: t("result"), cell: thumb },
    { id: "state", title: t("state"), sort: (one) => one.job.state, cell: state },
    { id: "progress", title: t("progress"), cell: progress },
    { id: "model", title: t("model"), sort: (one) => one.job.generation.model, cell: (one) => one.job.generation.model },
    { id: "account", title: t("account"), sort: served, cell: account },
    { id: "took", title: t("took"), number: true, sort: took, cell: lasted },
    { id: "created", title: t("created"), sort: (one) => one.job.created_at, cell: (one) => <Ago at={one.job.created_at} /> },
    { id: "id", title: t("id"), extra: true, cell: (one) => <CopyId id={one.job.id} /> },
    { id: "request", title: t("request.id"), extra: true, cell: (one) => one.job.request_id && <CopyId id={one.job.request_id} /> },
    { id: "origin", title: t("origin"), extra: true, sort: (one) => one.job.origin, cell: (one) => word("origin", one.job.origin) },
    { id: "size", title: t("ratio"), extra: true, cell: (one) => one.job.generation.aspect_ratio },
  ];
}

function took({ job }: Told): number {
  return (job.finished_at ?? now.peek()) - job.created_at;
}

function account(one: Told) {
  return one.account || one.job.account_id ? <Server of={one} /> : <None />;
}

/** Nothing of it has begun while it waits in the line; how long ago it was ordered is told beside. */
function lasted({ job }: Told) {
  return job.state === "queued" ? <None /> : <Took from={job.created_at} to={job.finished_at} />;
}

function state(one: Told) {
  const why = one.job.error ? `${word("code", one.job.error.code)}: ${one.job.error.message}` : undefined;
  return (
    <Badge tone={jobTone(one.job.state)} title={why}>
      {one.job.error ? word("code", one.job.error.code) : jobWords(one)}
    </Badge>
  );
}

function progress(one: Told) {
  return isFinal(one.job.state) || one.job.state === "queued" ? null : <Moving one={one} />;
}

function Moving({ one }: { one: Told }) {
  const { generation } = one.job;
  return <Progress label={t("progress")} share={share(one, now.value, usualSeconds(trends.value, generation.model, generation.kind))} />;
}

function thumb(one: Told) {
  const name = one.job.results[0];
  if (!name) return null;
  if (isClip(name)) return <video class="thumb" src={`${mediaUrl(name)}#t=0.1`} preload="metadata" muted aria-label={t("kind.video")} />;
  return <img class="thumb" src={mediaUrl(name)} alt="" loading="lazy" />;
}
