/** The program itself: the supervision tree as it is now, the regular work, what the parts say in figures. */
import { number, duration, now } from "../format";
import { draining, figures, lives, nodes, schedules, startedAt, version } from "../live/state";
import { Badge, type Tone } from "../parts/badge";
import { Empty, Skeleton } from "../parts/empty";
import { Facts } from "../parts/panel";
import { Ago, Took } from "../parts/time";
import { t, word } from "../text";
import { Schedules } from "./system/schedules";
import { Tree } from "./system/tree";

export default function System() {
  if (!nodes.value) return <Skeleton rows={10} />;
  return (
    <>
      <Program />
      <section class="stack tight" aria-label={t("system.tree")}>
        <h2>{t("system.tree")}</h2>
        <Tree nodes={[...nodes.value.values()]} />
      </section>
      <section class="stack tight" aria-label={t("system.schedules")}>
        <h2>{t("system.schedules")}</h2>
        <Schedules rows={[...(schedules.value?.values() ?? [])]} />
      </section>
      <div class="columns">
        <Lives />
        <Figures />
      </div>
    </>
  );
}

function Program() {
  const all = [...(nodes.value?.values() ?? [])];
  const restarts = all.reduce((sum, node) => sum + node.restarts, 0);
  const depth = all.reduce((sum, node) => sum + (node.mailbox?.depth ?? 0), 0);
  return (
    <div class="figures">
      <dl>
        <dt>{t("version")}</dt>
        <dd>{version.value}</dd>
        <dd class="under">{t(draining.value ? "system.draining" : "system.running")}</dd>
      </dl>
      <dl>
        <dt>{t("system.uptime")}</dt>
        <dd>{startedAt.value ? <Took from={startedAt.value} to={now.value} /> : "–"}</dd>
      </dl>
      <dl>
        <dt>{t("system.actors")}</dt>
        <dd>{number(all.filter((node) => node.kind === "actor").length)}</dd>
        <dd class="under">{t("system.restarts", { n: restarts })}</dd>
      </dl>
      <dl>
        <dt>{t("system.mail")}</dt>
        <dd>{number(depth)}</dd>
      </dl>
    </div>
  );
}

const LIFE_TONES: Record<string, Tone> = { started: "good", crashed: "bad", restarting: "working", parked: "bad", draining: "working", stopped: "quiet" };

function Lives() {
  return (
    <section class="card" aria-label={t("system.lives")}>
      <header>
        <h2>{t("system.lives")}</h2>
      </header>
      {lives.value.length === 0 && <Empty title={t("system.lives.none")} />}
      <ul class="lives">
        {lives.value.slice(0, 20).map((one) => (
          <li key={`${one.name} ${one.what} ${one.at}`}>
            <Badge tone={LIFE_TONES[one.what] ?? "quiet"}>{word("life", one.what)}</Badge>
            <span class="grow">
              <strong>{one.name}</strong> <span class="soft">{one.detail}</span>
            </span>
            <span class="soft small">
              <Ago at={one.at} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Figures() {
  const told = figures.value;
  if (!told) return null;
  const { store, http, bus, live } = told;
  return (
    <section class="card" aria-label={t("system.figures")}>
      <header>
        <h2>{t("system.figures")}</h2>
      </header>
      <Facts
        of={[
          [t("figure.writes"), t("figure.writes.of", { writes: number(store.writes), transactions: number(store.transactions) })],
          [t("figure.slowest"), duration(store.slowest_write_seconds)],
          [t("figure.write.failures"), number(store.write_failures)],
          [t("figure.reads"), number(store.reads)],
          [t("figure.requests"), t("figure.requests.of", { requests: number(http.requests), failed: number(http.failed) })],
          [t("figure.connections"), t("figure.connections.of", { used: number(http.in_use), idle: number(http.pool.idle) })],
          [t("figure.bus"), t("figure.bus.of", { published: number(bus.published), missed: number(bus.missed) })],
          [t("figure.dashboards"), number(live.connections)],
        ]}
      />
    </section>
  );
}
