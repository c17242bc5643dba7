/** What runs and waits, moving. Space for a few rows is kept, so that nothing below jumps. */
import { now } from "../../format";
import type { Progress as Told } from "../../live/protocol.gen";
import { trends } from "../../live/state";
import { Badge } from "../../parts/badge";
import { Progress } from "../../parts/progress";
import { Took } from "../../parts/time";
import { href } from "../../route";
import { t } from "../../text";
import { jobTone, jobWords, share, usualSeconds } from "../../words";

const MOST = 8;

export function LiveJobs({ rows }: { rows: readonly Told[] }) {
  const shown = [...rows].sort((a, b) => a.job.created_at - b.job.created_at);
  const first = shown.filter((one) => one.job.state !== "queued");
  const list = [...first, ...shown.filter((one) => one.job.state === "queued")];
  return (
    <div class="live-jobs">
      {!list.length && <p class="soft">{t("overview.idle")}</p>}
      <ul>
        {list.slice(0, MOST).map((one) => (
          <Row key={one.job.id} one={one} />
        ))}
      </ul>
      {list.length > MOST && <a href={href("generations")}>{t("overview.more", { n: list.length - MOST })}</a>}
    </div>
  );
}

function Row({ one }: { one: Told }) {
  const { generation, created_at, state } = one.job;
  return (
    <li>
      <a href={href("generations", { open: one.job.id })}>
        <span class="prompt">{generation.prompt}</span>
        <span class="soft small">{generation.model}</span>
        <Badge tone={jobTone(state)}>{jobWords(one)}</Badge>
        <Progress
          label={generation.prompt.slice(0, 60)}
          share={share(one, now.value, usualSeconds(trends.value, generation.model, generation.kind))}
        />
        <span class="soft small number">
          <Took from={created_at} />
        </span>
      </a>
    </li>
  );
}
