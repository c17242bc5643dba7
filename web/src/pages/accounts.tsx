/** Every account, how it stands, why and until when; adding, and acting on one or many. */
import { useMemo, useState } from "preact/hooks";
import { number } from "../format";
import { PageAction } from "../frame";
import type { AccountView } from "../live/protocol.gen";
import { accounts } from "../live/state";
import { Badge } from "../parts/badge";
import { Button } from "../parts/button";
import { Empty, None } from "../parts/empty";
import { Menu } from "../parts/menu";
import { type Column, Table } from "../parts/table";
import { Ago } from "../parts/time";
import { Chips, matches, Search, Tools } from "../parts/tools";
import { language } from "../prefs";
import { href, param } from "../route";
import { t, word } from "../text";
import { accountTone, standingWords } from "../words";
import { AddAccount } from "./accounts/add";
import { Bulk } from "./accounts/bulk";
import { Detail } from "./accounts/detail";
import { ExportAccounts } from "./accounts/export";
import { ImportAccounts } from "./accounts/import";

const STATES = ["active", "resting", "exhausted", "needs_login", "disabled"] as const;

export default function Accounts() {
  const shownColumns = useMemo(columns, [language.value]);
  const [adding, setAdding] = useState(false);
  const [importing, setImporting] = useState(false);
  const [exporting, setExporting] = useState(false);
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const all = useMemo(() => (accounts.value ? [...accounts.value.values()] : null), [accounts.value]);
  const shown = all?.filter(wanted) ?? null;
  const count = (state: string) => all?.filter((one) => one.account.standing.state === state).length;
  const opened = param("open");
  const add = (
    <Button kind="main" icon="plus" onClick={() => setAdding(true)}>
      {t("accounts.add")}
    </Button>
  );
  return (
    <>
      <PageAction>{add}</PageAction>
      <Tools>
        <Search label={t("accounts.search")} />
        <Chips
          name="state"
          label={t("state")}
          options={[{ value: "", text: t("all"), n: all?.length }, ...STATES.map((one) => ({ value: one, text: t(`account.${one}`), n: count(one) }))]}
        />
        <span class="spring" />
        <Menu icon="more" label={t("more")}>
          <button type="button" onClick={() => setImporting(true)}>
            {t("accounts.import")}
          </button>
          <button type="button" onClick={() => setExporting(true)} disabled={!all?.length}>
            {t("accounts.export")}
          </button>
        </Menu>
      </Tools>
      <Table
        id="accounts"
        label={t("page.accounts")}
        columns={shownColumns}
        rows={shown}
        keyOf={(one) => one.account.id}
        sort="label"
        opens
        picked={picked}
        onPick={setPicked}
        empty={
          all?.length ? (
            <Empty title={t("table.none")} action={<a class="button" href={href("accounts")}>{t("table.clear")}</a>} />
          ) : (
            <Empty title={t("accounts.empty")} action={add}>
              {t("accounts.empty.next")}
            </Empty>
          )
        }
      />
      <Bulk picked={picked} all={accounts.value} clear={() => setPicked(new Set())} />
      {adding && <AddAccount onClose={() => setAdding(false)} />}
      {exporting && <ExportAccounts onClose={() => setExporting(false)} />}
      {importing && <ImportAccounts onClose={() => setImporting(false)} />}
      {opened && <Detail key={opened} id={opened} neighbours={shown?.map((one) => one.account.id) ?? []} />}
    </>
  );
}

function wanted({ account }: AccountView): boolean {
  const state = param("state");
  if (state && account.standing.state !== state) return false;
  return matches(param("q"), account.id, account.label, account.email, account.note, account.provider, account.group);
}

function columns(): Column<AccountView>[] {
  return [
    { id: "label", title: t("account"), sort: (one) => one.account.label.toLowerCase(), cell: name },
    { id: "state", title: t("state"), sort: (one) => one.account.standing.state, cell: standing },
    { id: "since", title: t("since"), sort: (one) => one.account.standing.since, cell: (one) => <Ago at={one.account.standing.since} /> },
    { id: "credits", title: t("credits"), number: true, sort: (one) => one.account.credits, cell: (one) => maybe(one.account.credits) },
    { id: "tier", title: t("tier"), sort: (one) => one.account.tier, cell: (one) => word("tier", one.account.tier) },
    { id: "flight", title: t("in.flight"), number: true, sort: busy, cell: (one) => `${busy(one)} / ${one.account.image_concurrency + one.account.video_concurrency}` },
    { id: "today", title: t("today"), number: true, sort: today, cell: (one) => number(today(one)) },
    { id: "errors", title: t("errors.today"), number: true, sort: (one) => one.account.counts.errors_today, cell: (one) => number(one.account.counts.errors_today) },
    { id: "used", title: t("last.used"), sort: (one) => one.account.last_used_at, cell: (one) => <Ago at={one.account.last_used_at} /> },
    { id: "provider", title: t("provider"), extra: true, sort: (one) => one.account.provider, cell: (one) => word("provider", one.account.provider) },
    { id: "group", title: t("group"), extra: true, sort: (one) => one.account.group, cell: (one) => one.account.group },
    { id: "login", title: t("login.until"), extra: true, sort: (one) => one.account.login_expires_at, cell: (one) => <Ago at={one.account.login_expires_at} /> },
    { id: "note", title: t("note"), extra: true, cell: (one) => one.account.note },
  ];
}

const busy = (one: AccountView) => one.images_in_flight + one.videos_in_flight;
const today = (one: AccountView) => one.account.counts.images_today + one.account.counts.videos_today;
const maybe = (value: number | null) => (value === null ? <None /> : number(value));

function name({ account }: AccountView) {
  return (
    <>
      {account.label}
      {account.email && account.email !== account.label && <span class="under">{account.email}</span>}
    </>
  );
}

function standing(one: AccountView) {
  return (
    <Badge tone={accountTone(one)} title={one.parked || one.account.standing.detail}>
      {standingWords(one)}
    </Badge>
  );
}
