/** Every generation: the live ones moving on top of all that is stored, with filters, search and detail. */
import { useMemo, useState } from "preact/hooks";
import { PageAction } from "../frame";
import type { Progress as Told } from "../live/protocol.gen";
import { isFinal, jobs } from "../live/state";
import { Button } from "../parts/button";
import { Empty, Fault } from "../parts/empty";
import { Table } from "../parts/table";
import { Chips, Filter, matches, Search, Tools } from "../parts/tools";
import { language } from "../prefs";
import { href, param } from "../route";
import { t } from "../text";
import { Bulk } from "./generations/bulk";
import { columns } from "./generations/columns";
import { Detail } from "./generations/detail";
import { useHistory } from "./generations/history";
import { StudioLink } from "./studio-link";

const STATES = ["live", "succeeded", "failed", "cancelled"] as const;

export default function Generations() {
  const history = useHistory();
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const shownColumns = useMemo(columns, [language.value]);
  const rows = useMemo(() => merged(jobs.value, history.rows), [jobs.value, history.rows]);
  const shown = rows?.filter((one) => wanted(one, history.found)) ?? null;
  const models = [...new Set(rows?.map((one) => one.job.generation.model) ?? [])].sort();
  const opened = param("open");
  const filtered = ["q", "state", "model", "kind", "account"].some((name) => param(name));
  return (
    <>
      <PageAction>
        <StudioLink main>{t("generations.new")}</StudioLink>
      </PageAction>
      <Tools>
        <Search label={t("generations.search")} />
        <Chips
          name="state"
          label={t("state")}
          options={[
            { value: "", text: t("all") },
            ...STATES.map((one) => ({ value: one, text: one === "live" ? t("job.live") : t(`job.${one}`), n: one === "live" ? count() : undefined })),
          ]}
        />
        <Filter name="kind" label={t("kind")} options={[["image", t("kind.images")], ["video", t("kind.videos")]]} />
        <Filter name="model" label={t("model")} options={models.map((one) => [one, one] as const)} />
      </Tools>
      {history.error !== null && <Fault error={history.error} again={history.more} />}
      <Table
        id="generations"
        label={t("page.generations")}
        columns={shownColumns}
        rows={shown}
        keyOf={(one) => one.job.id}
        sort="-created"
        opens
        picked={picked}
        onPick={setPicked}
        empty={
          filtered ? (
            <Empty title={t("table.none")} action={<a class="button" href={href("generations")}>{t("table.clear")}</a>} />
          ) : (
            <Empty title={t("generations.empty")} action={<StudioLink main>{t("generations.new")}</StudioLink>}>
              {t("generations.empty.next")}
            </Empty>
          )
        }
      />
      {history.hasMore && (
        <div class="line">
          <Button onClick={history.more}>{t("generations.older")}</Button>
          <span class="soft small">{t("generations.shown", { n: shown?.length ?? 0 })}</span>
        </div>
      )}
      <Bulk picked={picked} rows={shown ?? []} pick={setPicked} />
      {opened && <Detail key={opened} id={opened} neighbours={shown?.map((one) => one.job.id) ?? []} />}
    </>
  );
}

function count(): number {
  return [...(jobs.value?.values() ?? [])].filter((one) => !isFinal(one.job.state)).length;
}

/** The live record is newer than the stored one. */
function merged(live: ReadonlyMap<string, Told> | null, stored: readonly Told[]): Told[] | null {
  if (live === null) return null;
  const all = new Map(stored.map((one) => [one.job.id, one]));
  for (const [id, one] of live) all.set(id, one);
  return [...all.values()];
}

function wanted({ job, account }: Told, found: ReadonlySet<string>): boolean {
  const [state, kind, model, who] = [param("state"), param("kind"), param("model"), param("account")];
  if (state && (state === "live" ? isFinal(job.state) : job.state !== state)) return false;
  if ((kind && job.generation.kind !== kind) || (model && job.generation.model !== model)) return false;
  if (who && job.account_id !== who) return false;
  return found.has(job.id) || matches(param("q"), job.id, job.request_id, job.generation.prompt, job.generation.model, account, job.error?.message, job.error?.code);
}
