/** What was ordered here, newest first: its place in the line, its progress, what came of it. */
import { now } from "../../format";
import type { Progress as Told } from "../../live/protocol.gen";
import { isFinal, trends } from "../../live/state";
import { Badge } from "../../parts/badge";
import { Media, mediaUrl } from "../../parts/media";
import { Progress } from "../../parts/progress";
import { Ago, Took } from "../../parts/time";
import { hrefWith } from "../../route";
import { known, t, word } from "../../text";
import { jobTone, jobWords, share, usualSeconds } from "../../words";
import { StudioLink } from "../studio-link";

export function Results({ rows }: { rows: readonly Told[] }) {
  return (
    <ul class="results">
      {rows.map((one) => (
        <Result key={one.job.id} one={one} />
      ))}
    </ul>
  );
}

function Result({ one }: { one: Told }) {
  const { job } = one;
  const { generation } = job;
  const [first] = [...job.results, ...(job.error?.originals ?? [])];
  return (
    <li class="result">
      {first ? <Media name={first} ratio={generation.aspect_ratio} alt={generation.prompt} /> : <Blank one={one} />}
      <div class="stack tight">
        <a class="prompt" href={hrefWith({ open: job.id })}>
          {generation.prompt}
        </a>
        <div class="line">
          <Badge tone={jobTone(job.state)}>{job.error ? word("code", job.error.code) : jobWords(one)}</Badge>
          <span class="soft small">
            {isFinal(job.state) ? <Ago at={job.finished_at} /> : <Took from={job.created_at} />}
          </span>
        </div>
        {first && job.state === "succeeded" && (
          <div class="line">
            <a class="button tiny" href={mediaUrl(first)} download={first}>
              {t("download")}
            </a>
            <StudioLink tiny as="from" id={job.id}>
              {t("run.again")}
            </StudioLink>
            <StudioLink tiny as={generation.kind === "video" ? "extend" : "remix"} id={job.id}>
              {t(generation.kind === "video" ? "extend" : "remix")}
            </StudioLink>
          </div>
        )}
      </div>
    </li>
  );
}

/** Keeps the place of what is coming. */
function Blank({ one }: { one: Told }) {
  const { job } = one;
  const { generation } = job;
  if (job.error)
    return (
      <div class="fault">
        <span>{job.error.message}</span>
        {known(`todo.${job.error.code}`) && <span class="soft small">{word("todo", job.error.code)}</span>}
      </div>
    );
  return (
    <div class={`media blank shape-${generation.aspect_ratio.replace(":", "-")}`}>
      {!isFinal(job.state) && (
        <Progress label={t("progress")} share={share(one, now.value, usualSeconds(trends.value, generation.model, generation.kind))} />
      )}
    </div>
  );
}
