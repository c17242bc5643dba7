/** Everything that was made, as pictures: search, look, download, go on from it. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Progress as Told } from "../live/protocol.gen";
import { jobs } from "../live/state";
import { Button } from "../parts/button";
import { Empty, Fault, Skeleton } from "../parts/empty";
import { Media } from "../parts/media";
import { Ago } from "../parts/time";
import { Chips, matches, Search, Tools } from "../parts/tools";
import { href, hrefWith, param } from "../route";
import { t } from "../text";
import { Bulk } from "./generations/bulk";
import { Detail } from "./generations/detail";
import { useHistory } from "./generations/history";
import { StudioLink } from "./studio-link";

export default function Gallery() {
  const history = useHistory("succeeded");
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const pick = (id: string, on: boolean) => setPicked(new Set(on ? [...picked, id] : [...picked].filter((one) => one !== id)));
  const all = made(jobs.value, history.rows);
  const shown = all?.filter((one) => wanted(one, history.found)) ?? null;
  const opened = param("open");
  return (
    <>
      <Tools>
        <Search label={t("gallery.search")} />
        <Chips
          name="kind"
          label={t("kind")}
          options={[
            { value: "", text: t("all") },
            { value: "image", text: t("kind.images") },
            { value: "video", text: t("kind.videos") },
          ]}
        />
      </Tools>
      {history.error !== null && <Fault error={history.error} again={history.more} />}
      {shown === null && <Skeleton rows={6} />}
      {shown?.length === 0 &&
        (all?.length ? (
          <Empty title={t("table.none")} action={<a class="button" href={href("gallery")}>{t("table.clear")}</a>} />
        ) : (
          <Empty title={t("gallery.empty")} action={<StudioLink main>{t("generations.new")}</StudioLink>}>
            {t("gallery.empty.next")}
          </Empty>
        ))}
      <ul class={`gallery ${picked.size ? "picking" : ""}`}>
        {shown?.map((one) => (
          <li key={one.job.id}>
            <input
              class="pick"
              type="checkbox"
              aria-label={t("gallery.pick", { name: one.job.generation.prompt.slice(0, 60) || one.job.id })}
              checked={picked.has(one.job.id)}
              onChange={(event) => pick(one.job.id, event.currentTarget.checked)}
            />
            <a href={hrefWith({ open: one.job.id })}>
              <Media name={one.job.results[0] ?? ""} ratio={one.job.generation.aspect_ratio} alt={one.job.generation.prompt} quiet />
              <span class="prompt">{one.job.generation.prompt}</span>
              <span class="soft small from">
                <span>{one.job.generation.model}</span>
                <Ago at={one.job.finished_at} />
              </span>
            </a>
          </li>
        ))}
      </ul>
      {history.hasMore && <Further load={history.more} />}
      <Bulk picked={picked} rows={shown ?? []} pick={setPicked} />
      {opened && <Detail key={opened} id={opened} neighbours={shown?.map((one) => one.job.id) ?? []} />}
    </>
  );
}

/** Loads when it comes into sight; the button is for those who do not scroll. */
function Further({ load }: { load: () => Promise<void> }) {
  const mark = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const at = mark.current;
    if (!at) return;
    const seen = new IntersectionObserver((entries) => entries.some((one) => one.isIntersecting) && void load());
    seen.observe(at);
    return () => seen.disconnect();
  }, [load]);
  return (
    <div ref={mark}>
      <Button onClick={load}>{t("generations.older")}</Button>
    </div>
  );
}

function made(live: ReadonlyMap<string, Told> | null, stored: readonly Told[]): Told[] | null {
  if (live === null) return null;
  const all = new Map([...stored, ...live.values()].map((one) => [one.job.id, one]));
  const good = [...all.values()].filter((one) => one.job.state === "succeeded" && one.job.results.length > 0);
  return good.sort((a, b) => b.job.created_at - a.job.created_at);
}

function wanted({ job }: Told, found: ReadonlySet<string>): boolean {
  const kind = param("kind");
  return (!kind || job.generation.kind === kind) && (found.has(job.id) || matches(param("q"), job.generation.prompt, job.generation.model, job.id));
}
