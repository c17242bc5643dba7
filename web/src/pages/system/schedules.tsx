/** Regular work: how it went, when it comes next; run it now, pause it, give it another interval. */
import { useState } from "preact/hooks";
import { act } from "../../act";
import { post, put } from "../../api";
import { duration, number } from "../../format";
import type { NewInterval, ScheduleView } from "../../live/protocol.gen";
import { Badge } from "../../parts/badge";
import { Button } from "../../parts/button";
import { Dialog } from "../../parts/dialog";
import { Empty } from "../../parts/empty";
import { Field } from "../../parts/field";
import { type Column, Table } from "../../parts/table";
import { Ago } from "../../parts/time";
import { known, t, word } from "../../text";

const one = (name: string) => `/api/schedules/${encodeURIComponent(name)}`;

function runNow(name: string) {
  return act(() => post(`${one(name)}/run`), t("schedule.begun", { name: word("schedule", name) }));
}

export function Schedules({ rows }: { rows: readonly ScheduleView[] }) {
  const [pacing, setPacing] = useState<ScheduleView | null>(null);
  return (
    <>
      <Table
        id="schedules"
        label={t("system.schedules")}
        columns={columns(setPacing)}
        rows={rows}
        keyOf={(row) => row.name}
        empty={<Empty title={t("schedule.none")} />}
      />
      {pacing && <Pace of={pacing} onClose={() => setPacing(null)} />}
    </>
  );
}

function columns(pace: (view: ScheduleView) => void): Column<ScheduleView>[] {
  return [
    { id: "name", title: t("name"), cell: name },
    { id: "state", title: t("state"), cell: state },
    { id: "last", title: t("schedule.last"), cell: (row) => <Ago at={row.last?.started_at} /> },
    { id: "result", title: t("result"), cell: result },
    { id: "next", title: t("schedule.next"), cell: (row) => <Ago at={row.next_run} /> },
    { id: "interval", title: t("schedule.interval"), number: true, cell: (row) => duration(row.interval_seconds) },
    { id: "runs", title: t("schedule.runs"), extra: true, number: true, cell: (row) => number(row.runs) },
    { id: "failures", title: t("failures"), extra: true, number: true, cell: (row) => number(row.failures) },
    { id: "do", title: t("actions"), cell: (row) => <Acts of={row} pace={pace} /> },
  ];
}

function name(row: ScheduleView) {
  return (
    <span title={purpose(row)}>
      {word("schedule", row.name)}
      <span class="under">{purpose(row)}</span>
    </span>
  );
}

function state(row: ScheduleView) {
  if (row.running) return <Badge tone="working">{t("schedule.running")}</Badge>;
  if (row.paused) return <Badge tone="resting">{t("schedule.paused")}</Badge>;
  return row.last?.error ? <Badge tone="bad">{t("schedule.failed")}</Badge> : <Badge tone="good">{t("schedule.waiting")}</Badge>;
}

function result(row: ScheduleView) {
  const told = row.last?.error ?? row.last?.result ?? "";
  return (
    <span class={row.last?.error ? "bad-text" : ""} title={told}>
      {told}
    </span>
  );
}

function Acts({ of: row, pace }: { of: ScheduleView; pace: (view: ScheduleView) => void }) {
  const label = word("schedule", row.name);
  const halt = () => act(() => post(`${one(row.name)}/${row.paused ? "resume" : "pause"}`), t(row.paused ? "schedule.resumed" : "schedule.halted", { name: label }));
  return (
    <span class="line nowrap">
      <Button tiny icon="play" label={t("schedule.run", { name: label })} disabled={row.running} onClick={() => runNow(row.name)} />
      <Button tiny icon={row.paused ? "again" : "pause"} label={t(row.paused ? "schedule.resume" : "schedule.pause", { name: label })} onClick={halt} />
      <Button tiny icon="settings" label={t("schedule.pace", { name: label })} onClick={() => pace(row)} />
    </span>
  );
}

function Pace({ of: row, onClose }: { of: ScheduleView; onClose: () => void }) {
  const [minutes, setMinutes] = useState(String(row.interval_seconds / 60));
  const set = async (body: NewInterval) => {
    if (await act(() => put(`${one(row.name)}/interval`, body), t("saved"))) onClose();
  };
  return (
    <Dialog title={word("schedule", row.name)} onClose={onClose}>
      <p class="soft">{purpose(row)}</p>
      <Field name={t("schedule.minutes")} type="number" min={1} step="any" value={minutes} onInput={setMinutes} />
      <footer>
        <Button onClick={() => set({ seconds: null })}>{t("schedule.default", { n: duration(row.default_seconds) })}</Button>
        <Button kind="main" disabled={!(Number(minutes) > 0)} onClick={() => set({ seconds: Number(minutes) * 60 })}>
          {t("save")}
        </Button>
      </footer>
    </Dialog>
  );
}

function purpose(row: ScheduleView): string {
  const key = `purpose.${row.name}`;
  return known(key) ? t(key) : row.purpose;
}
