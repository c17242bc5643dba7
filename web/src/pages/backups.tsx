/** Copies of the database: when each was made, whether it can be read; making, fetching and removing them. */
import { act } from "../act";
import { address, del, post } from "../api";
import { bytes, duration } from "../format";
import { PageAction } from "../frame";
import type { BackupCheck, BackupList, BackupView } from "../live/protocol.gen";
import { schedules } from "../live/state";
import { Badge } from "../parts/badge";
import { Button } from "../parts/button";
import { sure } from "../parts/dialog";
import { Empty, Fault } from "../parts/empty";
import { type Column, Table } from "../parts/table";
import { Ago } from "../parts/time";
import { complain, say } from "../parts/toast";
import { useAsked } from "../parts/use";
import { t } from "../text";

const one = (name: string) => `/api/backups/${encodeURIComponent(name)}`;

export default function Backups() {
  const work = schedules.value?.get("backup");
  // A run that ended has made a copy.
  const asked = useAsked<BackupList>("/api/backups", work?.runs ?? 0);
  const make = () => act(() => post("/api/backups"), t("backups.begun"));
  const remove = async (backup: BackupView) => {
    if (!(await sure(t("backups.remove.title", { name: backup.name }), t("backups.remove.body"), t("remove")))) return;
    await act(() => del(one(backup.name)), t("backups.removed", { name: backup.name }));
    await asked.again();
  };
  const button = (
    <Button kind="main" icon="plus" disabled={work?.running ?? false} onClick={make}>
      {t("backups.make")}
    </Button>
  );
  return (
    <>
      <PageAction>{button}</PageAction>
      {work && (
        <section class="card line" aria-label={t("system.schedules")}>
          {work.running ? (
            <Badge tone="working">{t("schedule.running")}</Badge>
          ) : work.last?.error ? (
            <Badge tone="bad">{t("schedule.failed")}</Badge>
          ) : (
            <Badge tone={work.paused ? "resting" : "good"}>{t(work.paused ? "schedule.paused" : "schedule.waiting")}</Badge>
          )}
          <span class="grow">
            {t("backups.every", { n: duration(work.interval_seconds), keep: asked.data?.keep ?? 0 })}{" "}
            {work.next_run && (
              <span class="soft">
                {t("schedule.next")}: <Ago at={work.next_run} />
              </span>
            )}
          </span>
          {work.last?.error && <span class="bad-text">{work.last.error}</span>}
        </section>
      )}
      {asked.error !== null && <Fault error={asked.error} again={asked.again} />}
      <Table
        id="backups"
        label={t("page.backups")}
        columns={columns(remove)}
        rows={asked.data?.backups ?? (asked.error === null ? null : [])}
        keyOf={(backup) => backup.name}
        sort="-made"
        empty={
          <Empty title={t("backups.empty")} action={button}>
            {t("backups.empty.next")}
          </Empty>
        }
      />
    </>
  );
}

async function check(backup: BackupView): Promise<void> {
  const found = await act(() => post<BackupCheck>(`${one(backup.name)}/check`));
  if (!found) return;
  if (found.ok) say(t("backups.good", { name: backup.name }));
  else complain(t("backups.damaged", { name: backup.name, why: found.damage }));
}

function columns(remove: (backup: BackupView) => Promise<void>): Column<BackupView>[] {
  return [
    { id: "name", title: t("name"), sort: (backup) => backup.name, cell: (backup) => backup.name },
    { id: "made", title: t("created"), sort: (backup) => backup.made_at, cell: (backup) => <Ago at={backup.made_at} /> },
    { id: "size", title: t("backups.size"), number: true, sort: (backup) => backup.size_bytes, cell: (backup) => bytes(backup.size_bytes) },
    {
      id: "do",
      title: t("actions"),
      cell: (backup) => (
        <span class="line">
          <Button tiny onClick={() => check(backup)}>
            {t("backups.check")}
          </Button>
          <a class="button tiny" href={address(`${one(backup.name)}/export`)} download={backup.name}>
            {t("download")}
          </a>
          <Button tiny kind="danger" onClick={() => remove(backup)}>
            {t("remove")}
          </Button>
        </span>
      ),
    },
  ];
}
