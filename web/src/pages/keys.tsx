/** API keys: who may ask, for what, and how much; each is shown once, when it is made. */
import { useState } from "preact/hooks";
import { number } from "../format";
import { PageAction } from "../frame";
import type { KeyView } from "../live/protocol.gen";
import { keys } from "../live/state";
import { now } from "../format";
import { Badge } from "../parts/badge";
import { Button } from "../parts/button";
import { Empty } from "../parts/empty";
import { type Column, Table } from "../parts/table";
import { Ago } from "../parts/time";
import { Chips, matches, Search, Tools } from "../parts/tools";
import { param } from "../route";
import { t } from "../text";
import { Detail } from "./keys/detail";
import { MakeKey } from "./keys/make";

export default function Keys() {
  const [making, setMaking] = useState(false);
  const all = keys.value ? [...keys.value.values()] : null;
  const shown = all?.filter(wanted) ?? null;
  const opened = param("open");
  const make = (
    <Button kind="main" icon="plus" onClick={() => setMaking(true)}>
      {t("keys.make")}
    </Button>
  );
  return (
    <>
      <PageAction>{make}</PageAction>
      <Tools>
        <Search label={t("keys.search")} />
        <Chips
          name="state"
          label={t("state")}
          options={[
            { value: "", text: t("keys.usable"), n: all?.filter((one) => stateOf(one) === "good").length },
            { value: "all", text: t("all"), n: all?.length },
          ]}
        />
      </Tools>
      <Table
        id="keys"
        label={t("page.keys")}
        columns={columns()}
        rows={shown}
        keyOf={(one) => one.id}
        sort="-created"
        opens
        empty={
          <Empty title={t(all?.length ? "table.none" : "keys.empty")} action={make}>
            {t("keys.empty.next")}
          </Empty>
        }
      />
      {making && <MakeKey onClose={() => setMaking(false)} />}
      {opened && <Detail key={opened} id={opened} neighbours={shown?.map((one) => one.id) ?? []} />}
    </>
  );
}

export function stateOf(key: KeyView): "good" | "revoked" | "expired" {
  if (key.revoked_at !== null) return "revoked";
  return key.expires_at !== null && key.expires_at <= now.value ? "expired" : "good";
}

export function KeyState({ of: key }: { of: KeyView }) {
  const state = stateOf(key);
  return <Badge tone={state === "good" ? "good" : "quiet"}>{t(`keys.${state}`)}</Badge>;
}

function wanted(key: KeyView): boolean {
  if (param("state") !== "all" && stateOf(key) !== "good") return false;
  return matches(param("q"), key.name, key.id, key.hint);
}

function columns(): Column<KeyView>[] {
  return [
    { id: "name", title: t("name"), sort: (one) => one.name.toLowerCase(), cell: (one) => one.name },
    { id: "hint", title: t("key"), cell: (one) => <code>{one.hint}</code> },
    { id: "state", title: t("state"), sort: stateOf, cell: (one) => <KeyState of={one} /> },
    { id: "today", title: t("keys.spent.today"), number: true, sort: (one) => one.spent_today, cell: (one) => spent(one.spent_today, one.daily_credits) },
    { id: "total", title: t("keys.spent.total"), number: true, sort: (one) => one.spent_total, cell: (one) => spent(one.spent_total, one.total_credits) },
    { id: "used", title: t("last.used"), sort: (one) => one.last_used_at, cell: (one) => <Ago at={one.last_used_at} /> },
    { id: "created", title: t("created"), sort: (one) => one.created_at, cell: (one) => <Ago at={one.created_at} /> },
    { id: "expires", title: t("keys.expires"), sort: (one) => one.expires_at, cell: (one) => (one.expires_at ? <Ago at={one.expires_at} /> : t("never")) },
    { id: "minute", title: t("keys.minute"), extra: true, number: true, sort: (one) => one.requests_per_minute, cell: (one) => limit(one.requests_per_minute) },
  ];
}

function limit(value: number | null): string {
  return value === null ? t("no.limit") : number(value);
}

function spent(value: number, most: number | null): string {
  return most === null ? number(value) : `${number(value)} / ${number(most)}`;
}
