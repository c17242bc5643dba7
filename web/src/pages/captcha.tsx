/** The captcha browser and its tabs: what each is at, how it fares. */
import { duration, number } from "../format";
import { PageAction } from "../frame";
import type { BrowserView, TabView } from "../live/protocol.gen";
import { captcha } from "../live/state";
import { Badge, type Tone } from "../parts/badge";
import { Button } from "../parts/button";
import { Empty, None, Skeleton } from "../parts/empty";
import { Facts } from "../parts/panel";
import { type Column, Table } from "../parts/table";
import { Ago } from "../parts/time";
import { param } from "../route";
import { t, word } from "../text";
import { Detail } from "./captcha/detail";
import { testTokens } from "./captcha/orders";

const BROWSER_TONES: Record<string, Tone> = { up: "good", starting: "working", waiting: "resting", idle: "quiet" };
const TAB_TONES: Record<string, Tone> = { ready: "good", busy: "working", opening: "working", closing: "quiet" };

export default function Captcha() {
  const told = captcha.value;
  if (!told) return <Skeleton rows={6} />;
  if (told.method === "none")
    return (
      <div class="table-box">
        <Empty title={t("captcha.off")}>{t("captcha.off.next")}</Empty>
      </div>
    );
  const rows = [...told.tabs.values()];
  const opened = rows.find((one) => String(one.id) === param("open"));
  return (
    <>
      <PageAction>
        <Button icon="play" onClick={testTokens}>
          {t("captcha.test")}
        </Button>
      </PageAction>
      {told.browser && <Browser of={told.browser} />}
      <Table
        id="tabs"
        label={t("captcha.tabs")}
        columns={columns()}
        rows={rows}
        keyOf={(one) => String(one.id)}
        sort="id"
        opens
        empty={<Empty title={t("captcha.empty")}>{t("captcha.empty.next")}</Empty>}
      />
      {opened && <Detail key={opened.id} tab={opened} neighbours={rows.map((one) => String(one.id))} />}
    </>
  );
}

function Browser({ of: browser }: { of: BrowserView }) {
  return (
    <section class="card stack tight" aria-label={t("captcha.browser")}>
      <div class="line">
        <h2>{t("captcha.browser")}</h2>
        <Badge tone={browser.trouble && browser.state !== "up" ? "bad" : (BROWSER_TONES[browser.state] ?? "quiet")}>
          {word("browser", browser.state)}
        </Badge>
        {browser.since > 0 && (
          <span class="soft small">
            {t("since")} <Ago at={browser.since} />
          </span>
        )}
      </div>
      {browser.trouble && <p class={browser.state === "up" ? "soft" : "bad-text"}>{browser.trouble}</p>}
      <Facts
        of={[
          browser.version !== "" && [t("version"), browser.version],
          browser.pid !== null && [t("process"), String(browser.pid)],
          [t("captcha.starts"), number(browser.starts)],
        ]}
      />
    </section>
  );
}

function columns(): Column<TabView>[] {
  return [
    { id: "id", title: t("captcha.tab"), sort: (one) => one.id, cell: (one) => `#${one.id}` },
    { id: "state", title: t("state"), sort: (one) => one.state, cell: (one) => <Badge tone={TAB_TONES[one.state] ?? "quiet"}>{word("tab", one.state)}</Badge> },
    { id: "page", title: t("captcha.page"), wide: true, cell: (one) => <span title={one.page}>{one.page}</span> },
    { id: "exit", title: t("captcha.exit"), sort: (one) => one.exit, cell: (one) => one.exit || t("direct") },
    { id: "tokens", title: t("captcha.tokens"), number: true, sort: (one) => one.tokens, cell: (one) => number(one.tokens) },
    { id: "failures", title: t("failures"), number: true, sort: (one) => one.failures, cell: (one) => number(one.failures) },
    { id: "latency", title: t("latency.last"), number: true, sort: (one) => one.latency_seconds, cell: (one) => (one.latency_seconds ? duration(one.latency_seconds) : <None />) },
    { id: "age", title: t("opened"), sort: (one) => one.opened_at, cell: (one) => <Ago at={one.opened_at} /> },
    { id: "used", title: t("last.used"), sort: (one) => one.used_at, cell: (one) => <Ago at={one.used_at} /> },
  ];
}
