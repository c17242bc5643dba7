/** Is it working, what happens now, what failed, how long will it go on: the first page, in this order. */
import { useMemo } from "preact/hooks";
import { number, percent } from "../format";
import type { Overview as Told, Trends } from "../live/protocol.gen";
import { alerts, jobs, isFinal, numbers, parts, trends } from "../live/state";
import { Badge } from "../parts/badge";
import { Chart } from "../parts/chart";
import { Empty, Skeleton } from "../parts/empty";
import { Ago } from "../parts/time";
import { Chips } from "../parts/tools";
import { useAsked } from "../parts/use";
import { href, param } from "../route";
import { t, word } from "../text";
import { Failures, Latency } from "./overview/lists";
import { LiveJobs } from "./overview/live-jobs";

const WINDOWS = ["hour", "day", "week", "month"] as const;

export default function Overview() {
  if (!numbers.value) return <Skeleton rows={8} />;
  return (
    <>
      <Band />
      <Alerts />
      <Figures />
      <Now />
      <Trend />
    </>
  );
}

function Band() {
  return (
    <ul class="band" aria-label={t("overview.parts")}>
      {parts.value?.map((part) => (
        <li key={part.name}>
          <a href={href(PART_PAGES[part.name] ?? "system")}>
            <span>{word("part", part.name)}</span>
            <Badge tone={part.state}>{word("part.state", part.state)}</Badge>
            <span class="under soft small">{part.code ? word("part.code", part.code) : part.detail}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}

const PART_PAGES: Record<string, string> = {
  generations: "generations",
  accounts: "accounts",
  captcha: "captcha",
  proxies: "proxies",
  storage: "system",
  schedules: "system",
};

function Alerts() {
  if (!alerts.value.length) return null;
  return (
    <section class="stack tight" aria-label={t("overview.alerts")}>
      {alerts.value.map((one) => (
        <a key={one.id} class="alert" href={alertPage(one.kind, one.subject)}>
          <Badge tone="bad">{word("alert", one.kind)}</Badge>
          <span class="grow">
            <strong>{one.title}</strong> <span class="soft">{one.detail}</span>
          </span>
          <span class="soft small">
            <Ago at={one.since} />
          </span>
        </a>
      ))}
    </section>
  );
}

function alertPage(kind: string, subject: string): string {
  if (kind === "account_needs_login" || kind === "balance_empty") return href("accounts", { open: subject });
  if (kind === "no_account" || kind === "credits_low") return href("accounts");
  return href(kind === "backup_failed" ? "backups" : "system");
}

function Figures() {
  const told = numbers.value;
  if (!told) return null;
  const rate = trends.value?.success_rate ?? null;
  const working = told.accounts["active"] ?? 0;
  const all = Object.values(told.accounts).reduce((sum, n) => sum + n, 0);
  const figures: readonly (readonly [string, string, string])[] = [
    [t("overview.running"), number(told.running), t("overview.free", { images: told.images_free, videos: told.videos_free })],
    [t("overview.waiting"), number(told.waiting), told.queue_limit ? t("overview.limit", { n: told.queue_limit }) : ""],
    [t("overview.rate"), rate === null ? "–" : percent(rate), t("overview.rate.of", { n: (trends.value?.succeeded ?? 0) + (trends.value?.failed ?? 0) })],
    [t("overview.credits"), told.credits === null ? "–" : number(told.credits), ""],
    [t("overview.accounts"), `${number(working)} / ${number(all)}`, t("overview.accounts.of")],
  ];
  return (
    <div class="figures">
      {figures.map(([name, value, under]) => (
        <dl key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
          <dd class="under">{under}</dd>
        </dl>
      ))}
    </div>
  );
}

function Now() {
  const running = [...(jobs.value?.values() ?? [])].filter((one) => !isFinal(one.job.state));
  return (
    <section class="card" aria-label={t("overview.now")}>
      <header>
        <h2>{t("overview.now")}</h2>
        <a href={href("generations")}>{t("overview.all")}</a>
      </header>
      <LiveJobs rows={running} />
    </section>
  );
}

function Trend() {
  const chosen = param("window") || "hour";
  const asked = useAsked<Told>(chosen === "hour" ? null : `/api/overview?window=${chosen}`, trends.value?.since);
  const shown: Trends | null = chosen === "hour" ? trends.value : (asked.data?.trends ?? null);
  return (
    <>
      <section class="card" aria-label={t("overview.trend")}>
        <header>
          <h2>{t("overview.trend")}</h2>
          <Chips
            name="window"
            label={t("overview.window")}
            options={WINDOWS.map((one) => ({ value: one === "hour" ? "" : one, text: t(`window.${one}`) }))}
          />
        </header>
        <Curve of={shown} />
      </section>
      <div class="columns">
        <section class="card">
          <header>
            <h2>{t("overview.failures")}</h2>
          </header>
          <Failures rows={trends.value?.failures ?? []} />
        </section>
        <section class="card">
          <header>
            <h2>{t("overview.latency")}</h2>
          </header>
          <Latency rows={shown?.latency ?? []} />
        </section>
      </div>
    </>
  );
}

function Curve({ of: shown }: { of: Trends | null }) {
  const data = useMemo(() => {
    const buckets = shown?.buckets ?? [];
    return {
      times: buckets.map((one) => one.at),
      images: buckets.map((one) => one.images),
      videos: buckets.map((one) => one.videos),
      failed: buckets.map((one) => one.failed),
    };
  }, [shown]);
  const lines = useMemo(
    () => [
      { label: t("kind.images"), tone: "accent" as const, values: data.images },
      { label: t("kind.videos"), tone: "good" as const, values: data.videos },
      { label: t("job.failed"), tone: "bad" as const, values: data.failed },
    ],
    [data, t("kind.images")],
  );
  if (!shown) return <div class="chart-space" aria-busy="true" />;
  if (!data.times.length) return <Empty title={t("overview.quiet")} />;
  return <Chart label={t("overview.trend")} times={data.times} lines={lines} group="overview" />;
}
