/** The pool of proxies: how each fares, who goes out through it. */
import { useState } from "preact/hooks";
import { actOnAll } from "../act";
import { duration, number, percent } from "../format";
import { PageAction } from "../frame";
import type { ProxyView } from "../live/protocol.gen";
import { accounts, homes, proxies } from "../live/state";
import { Badge, type Tone } from "../parts/badge";
import { Button } from "../parts/button";
import { CopyId } from "../parts/copy";
import { Empty, None } from "../parts/empty";
import { Facts, Panel } from "../parts/panel";
import { type Column, Table } from "../parts/table";
import { Ago, At } from "../parts/time";
import { Chips, matches, Search, Tools } from "../parts/tools";
import { href, param } from "../route";
import { t, word } from "../text";
import { proxyWords } from "../words";
import { AddProxies } from "./proxies/add";
import { disable, enable, orders, remove, test } from "./proxies/orders";

const TONES: Record<string, Tone> = { healthy: "good", resting: "resting", disabled: "quiet" };
const STATES = ["healthy", "resting", "disabled"] as const;

export default function Proxies() {
  const [adding, setAdding] = useState(false);
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const all = proxies.value ? [...proxies.value.values()] : null;
  const state = param("state");
  const shown = all?.filter((one) => (!state || one.state === state) && matches(param("q"), one.proxy.place, one.proxy.id)) ?? null;
  const opened = shown?.find((one) => one.proxy.id === param("open"));
  const add = (
    <Button kind="main" icon="plus" onClick={() => setAdding(true)}>
      {t("proxies.add")}
    </Button>
  );
  return (
    <>
      <PageAction>{add}</PageAction>
      <Tools>
        <Search label={t("proxies.search")} />
        <Chips
          name="state"
          label={t("state")}
          options={[
            { value: "", text: t("all"), n: all?.length },
            ...STATES.map((one) => ({ value: one, text: t(`proxy.${one}`), n: all?.filter((view) => view.state === one).length })),
          ]}
        />
      </Tools>
      <Table
        id="proxies"
        label={t("page.proxies")}
        columns={columns()}
        rows={shown}
        keyOf={(one) => one.proxy.id}
        sort="place"
        opens
        picked={picked}
        onPick={setPicked}
        empty={
          <Empty title={t(all?.length ? "table.none" : "proxies.empty")} action={add}>
            {t("proxies.empty.next")}
          </Empty>
        }
      />
      <Bulk picked={picked} known={proxies.value} clear={() => setPicked(new Set())} />
      {adding && <AddProxies onClose={() => setAdding(false)} />}
      {opened && <Detail view={opened} neighbours={shown?.map((one) => one.proxy.id) ?? []} />}
    </>
  );
}

function State({ view }: { view: ProxyView }) {
  return (
    <Badge tone={TONES[view.state] ?? "quiet"} title={view.health.last_error}>
      {proxyWords(view)}
    </Badge>
  );
}

function columns(): Column<ProxyView>[] {
  return [
    { id: "place", title: t("proxy"), sort: (one) => one.proxy.place, cell: (one) => one.proxy.place },
    { id: "state", title: t("state"), sort: (one) => one.state, cell: (one) => <State view={one} /> },
    { id: "score", title: t("proxy.score"), number: true, sort: (one) => one.health.score, cell: (one) => percent(one.health.score) },
    { id: "accounts", title: t("page.accounts"), number: true, sort: (one) => one.accounts, cell: (one) => number(one.accounts) },
    { id: "uses", title: t("uses"), number: true, sort: (one) => one.health.uses, cell: (one) => number(one.health.uses) },
    { id: "failures", title: t("failures"), number: true, sort: (one) => one.health.failures, cell: (one) => number(one.health.failures) },
    { id: "latency", title: t("latency.last"), number: true, sort: (one) => one.health.latency_seconds, cell: (one) => (one.health.latency_seconds === null ? <None /> : duration(one.health.latency_seconds)) },
    { id: "ok", title: t("proxy.last.ok"), sort: (one) => one.health.last_ok_at, cell: (one) => <Ago at={one.health.last_ok_at} /> },
    { id: "roles", title: t("proxy.roles"), extra: true, cell: (one) => one.proxy.roles.map((role) => word("proxy.role", role)).join(", ") },
    { id: "origin", title: t("origin"), extra: true, sort: (one) => one.proxy.origin, cell: (one) => word("proxy.origin", one.proxy.origin) },
  ];
}

function Actions({ view }: { view: ProxyView }) {
  const { state, proxy } = view;
  return (
    <>
      {state !== "healthy" && <Button onClick={() => enable(view)}>{t(state === "resting" ? "proxy.wake" : "proxy.enable")}</Button>}
      {state !== "disabled" && <Button onClick={() => disable(view)}>{t("proxy.disable")}</Button>}
      <Button onClick={() => test(view)}>{t("proxy.test")}</Button>
      {proxy.origin === "operator" && (
        <Button kind="danger" onClick={() => remove(view)}>
          {t("remove")}
        </Button>
      )}
    </>
  );
}

function Bulk({ picked, known, clear }: { picked: ReadonlySet<string>; known: ReadonlyMap<string, ProxyView> | null; clear: () => void }) {
  const ids = [...picked].filter((id) => known?.has(id));
  if (!ids.length) return null;
  const doAll = (order: (id: string) => Promise<unknown>) => actOnAll(ids, order).then(clear);
  return (
    <div class="bulk" role="region" aria-label={t("picked", { n: ids.length })}>
      <strong>{t("picked", { n: ids.length })}</strong>
      <Button onClick={() => doAll(orders.enable)}>{t("proxy.enable")}</Button>
      <Button onClick={() => doAll(orders.disable)}>{t("proxy.disable")}</Button>
      <Button onClick={() => doAll(orders.test)}>{t("proxy.test")}</Button>
      <Button kind="plain" icon="close" label={t("picked.none")} onClick={clear} />
    </div>
  );
}

function Detail({ view, neighbours }: { view: ProxyView; neighbours: readonly string[] }) {
  const { proxy, health } = view;
  return (
    <Panel title={proxy.place} id={proxy.id} neighbours={neighbours} actions={<Actions view={view} />}>
      <div class="line">
        <State view={view} />
        {view.last_resort && <Badge tone="bad">{t("proxy.last.resort")}</Badge>}
      </div>
      {health.last_error && (
        <p class="soft">
          {t("proxy.last.error")} {health.last_error}
        </p>
      )}
      <Facts
        of={[
          [t("id"), <CopyId key="id" id={proxy.id} />],
          [t("proxy.roles"), proxy.roles.map((role) => word("proxy.role", role)).join(", ")],
          [t("origin"), word("proxy.origin", proxy.origin)],
          [t("proxy.score"), percent(health.score)],
          [t("page.accounts"), number(view.accounts)],
          [t("uses"), number(health.uses)],
          [t("failures"), number(health.failures)],
          [t("last.used"), <At key="used" at={health.last_used_at} />],
          [t("proxy.last.ok"), <At key="ok" at={health.last_ok_at} />],
          [t("proxy.checked"), <At key="checked" at={health.last_checked_at} />],
        ]}
      />
      <Lodgers id={proxy.id} />
    </Panel>
  );
}

/** Who stays with it, and by whose choice. */
function Lodgers({ id }: { id: string }) {
  const here = Object.entries(homes.value ?? {}).filter(([, home]) => home.proxy_id === id);
  const named = here.map(([account, { fixed }]) => ({ account, fixed, label: accounts.value?.get(account)?.account.label ?? account }));
  named.sort((a, b) => a.label.localeCompare(b.label));
  return (
    <section class="stack tight">
      <h3>{t("proxy.lodgers")}</h3>
      {!named.length && <p class="soft">{t("proxy.lodgers.none")}</p>}
      <ul class="rows">
        {named.map(({ account, fixed, label }) => (
          <li key={account}>
            <a class="grow" href={href("accounts", { open: account })}>
              {label}
            </a>
            <span class="soft small">{t(fixed ? "way.by.hand" : "way.by.pool")}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
