/** One generation: what was asked, what happened when, what came of it, and what can be done. */
import { act } from "../../act";
import { del, post } from "../../api";
import { duration, number } from "../../format";
import type { Job, JobDetail, JobError, Progress as Told } from "../../live/protocol.gen";
import { isFinal, jobs } from "../../live/state";
import { Badge } from "../../parts/badge";
import { Button } from "../../parts/button";
import { CopyId } from "../../parts/copy";
import { Fault, Skeleton } from "../../parts/empty";
import { Media, mediaUrl } from "../../parts/media";
import { sure } from "../../parts/dialog";
import { Facts, Panel } from "../../parts/panel";
import { At } from "../../parts/time";
import { useAsked } from "../../parts/use";
import { href, open } from "../../route";
import { known, t, word } from "../../text";
import { jobTone, jobWords, still } from "../../words";
import { served } from "./server";
import { StudioLink } from "../studio-link";

const CANCELLABLE = new Set(["queued", "starting", "running"]);

export function Detail({ id, neighbours }: { id: string; neighbours: readonly string[] }) {
  const live = jobs.value?.get(id);
  const asked = useAsked<JobDetail>(`/api/jobs/${encodeURIComponent(id)}`, live?.job.state);
  // The stored record has the whole prompt, the live one the newest state.
  const stored = asked.data?.job;
  const job = live && stored ? { ...stored, ...live.job, generation: stored.generation } : (stored ?? live?.job);
  if (!job)
    return (
      <Panel title={t("generation")} id={id} neighbours={neighbours}>
        {asked.error ? <Fault error={asked.error} again={asked.again} /> : <Skeleton />}
      </Panel>
    );
  const told: Told = live ?? { ...still(job), position: asked.data?.position ?? null, stage: asked.data?.stage ?? "" };
  return (
    <Panel title={job.generation.prompt.slice(0, 80) || t("generation")} id={id} neighbours={neighbours} actions={<Actions job={job} />}>
      <div class="line">
        <Badge tone={jobTone(job.state)}>{jobWords(told)}</Badge>
        <CopyId id={job.id} longest={30} />
      </div>
      {job.error && <Why error={job.error} job={job} />}
      {[...job.results, ...(job.error?.originals ?? [])].map((name) => (
        <Media key={name} name={name} ratio={job.generation.aspect_ratio} alt={job.generation.prompt} />
      ))}
      <Timeline job={job} told={told} />
      <Asked job={job} account={served(told)} />
    </Panel>
  );
}

function Why({ error, job }: { error: JobError; job: Job }) {
  return (
    <div class="fault">
      <strong>{word("code", error.code)}</strong>
      <span>{error.message}</span>
      {known(`todo.${error.code}`) && <span>{word("todo", error.code)}</span>}
      <span class="line small">
        <code>{error.code}</code>
        {error.reason && <code>{error.reason}</code>}
        {job.request_id && <CopyId id={job.request_id} longest={30} />}
      </span>
    </div>
  );
}

function Timeline({ job, told }: { job: Job; told: Told }) {
  const steps: (readonly [string, number])[] = [[t("timeline.accepted"), job.created_at]];
  if (job.submitted_at) steps.push([t("timeline.submitted"), job.submitted_at]);
  if (job.finished_at) steps.push([word("job", job.state), job.finished_at]);
  else steps.push([jobWords(told), job.updated_at]);
  return (
    <section class="stack tight">
      <h3>{t("timeline")}</h3>
      <ol class="timeline">
        {steps.map(([name, at], place) => (
          <li key={name}>
            <span>{name}</span>
            <span class="soft small">
              <At at={at} />
              {place > 0 && ` · +${duration(Math.max(0, at - (steps[place - 1]?.[1] ?? at)))}`}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Asked({ job, account }: { job: Job; account: string | null }) {
  const { generation } = job;
  return (
    <section class="stack tight">
      <h3>{t("asked")}</h3>
      <p class="whole-prompt">{generation.prompt}</p>
      <Facts
        of={[
          [t("model"), generation.model],
          [t("ratio"), generation.aspect_ratio],
          generation.seconds !== null && [t("seconds"), duration(generation.seconds)],
          generation.upscale !== null && [t("size"), generation.upscale.toUpperCase()],
          generation.count > 1 && [t("count"), number(generation.count)],
          generation.seed !== null && [t("seed"), String(generation.seed)],
          job.account_id !== null && [t("account"), <a key="a" href={href("accounts", { open: job.account_id })}>{account}</a>],
          [t("credits"), number(generation.credits)],
          [t("origin"), word("origin", job.origin)],
          [t("submits"), number(job.submits)],
        ]}
      />
      {generation.inputs.length > 0 && (
        <div class="inputs">
          {generation.inputs.map((name) => (
            <Media key={name} name={name} alt={t("reference")} quiet />
          ))}
        </div>
      )}
    </section>
  );
}

function Actions({ job }: { job: Job }) {
  const [first] = job.results;
  const clip = job.generation.kind === "video";
  const cancel = () => act(() => post(`/api/jobs/${encodeURIComponent(job.id)}/cancel`), t("generation.cancelled"));
  const remove = async () => {
    if (!(await sure(t("generation.remove.title"), t("generation.remove.body", { n: job.results.length }), t("remove")))) return;
    if (await act(() => del(`/api/jobs/${encodeURIComponent(job.id)}`).then(() => true), t("generation.removed"))) open(null);
  };
  return (
    <>
      {!isFinal(job.state) && (
        <Button kind="danger" icon="stop" disabled={!CANCELLABLE.has(job.state)} onClick={cancel}>
          {t("cancel.generation")}
        </Button>
      )}
      {first && (
        <a class="button" href={mediaUrl(first)} download={first}>
          {t("download")}
        </a>
      )}
      <StudioLink as="from" id={job.id}>
        {t("run.again")}
      </StudioLink>
      {first && (
        <StudioLink as={clip ? "extend" : "remix"} id={job.id}>
          {t(clip ? "extend" : "remix")}
        </StudioLink>
      )}
      {isFinal(job.state) && (
        <Button kind="danger" icon="bin" onClick={remove}>
          {t("remove")}
        </Button>
      )}
    </>
  );
}
