/**
 * What the gateway tells, as signals. Nothing else writes them: snapshots replace a topic, events change it, pages only read.
 * Null means that a topic was not told yet.
 */
import { batch, computed, type Signal, signal } from "@preact/signals";
import type {
  AccountView, Alert, BrowserView, Figures, Hello, JobStepped, KeyView, Life, LiveEvent, LogLine, NodeView, Now, Part, Progress,
  ProxyHome, ProxyView, ScheduleView, TabView, TopicState, Trends,
} from "./protocol.gen";
import type { Status } from "./socket";
import { isFinal, type Table, table, withJob, withRemoved } from "./tables";

export { isFinal };

/** Log lines beyond that many are for the history, which is fetched. */
const LINES_KEPT = 2000;
const LIVES_KEPT = 100;

export const status = signal<Status>({ state: "connecting", since: Date.now(), retryAt: null });
export const version = signal("");
export const instance = signal("");
export const draining = signal(false);

/** Seconds by which the gateway's clock is ahead of this one. */
export const clockAhead = signal(0);

export const numbers = signal<Now | null>(null);
export const trends = signal<Trends | null>(null);
export const parts = signal<readonly Part[] | null>(null);
export const alerts = signal<readonly Alert[]>([]);
export const jobs = signal<Table<Progress> | null>(null);
/** Generations that were removed while this page was open, so that lists fetched before do not show them. */
export const removedJobs = signal<ReadonlySet<string>>(new Set());
export const accounts = signal<Table<AccountView> | null>(null);
export const captcha = signal<{ method: string; browser: BrowserView | null; tabs: ReadonlyMap<number, TabView> } | null>(null);
export const proxies = signal<Table<ProxyView> | null>(null);
export const homes = signal<Readonly<Record<string, ProxyHome>> | null>(null);
export const nodes = signal<Table<NodeView> | null>(null);
export const schedules = signal<Table<ScheduleView> | null>(null);
export const figures = signal<Figures | null>(null);
export const startedAt = signal<number | null>(null);
export const keys = signal<Table<KeyView> | null>(null);
export const lines = signal<readonly LogLine[] | null>(null);
/** Lines that came too fast to be shown. */
export const missedLines = signal(0);
export const lives = signal<readonly Life[]>([]);
/** Rises when a setting changed, so that whoever shows settings asks anew. */
export const settingsRound = signal(0);
/** Rises with each return of the connection: what was asked for over HTTP before may be old, and is asked for anew. */
export const returns = signal(0);

export const live = computed(() => status.value.state === "live");

function put<T>(held: Signal<Table<T> | null>, id: string, row: T): void {
  if (held.value !== null) held.value = new Map(held.value).set(id, row);
}

function take<T>(held: Signal<Table<T> | null>, id: string): void {
  if (!held.value?.has(id)) return;
  const rest = new Map(held.value);
  rest.delete(id);
  held.value = rest;
}

export function greet(hello: Hello): void {
  batch(() => {
    if (instance.value !== "") returns.value += 1;
    version.value = hello.version;
    instance.value = hello.instance;
    draining.value = hello.draining;
    clockAhead.value = hello.time - Date.now() / 1000;
  });
}

export function setStatus(now: Status): void {
  status.value = now;
}

export function drain(): void {
  draining.value = true;
}

/** Replace all that was known of a topic. */
export function restore(state: TopicState): void {
  batch(() => {
    switch (state.topic) {
      case "overview":
        numbers.value = state.overview.now;
        trends.value = state.overview.trends;
        parts.value = state.overview.parts;
        alerts.value = state.overview.alerts;
        return;
      case "jobs":
        jobs.value = table(state.jobs, (one) => one.job.id);
        return;
      case "accounts":
        accounts.value = table(state.accounts, (one) => one.account.id);
        return;
      case "captcha":
        captcha.value = { ...state, tabs: new Map(state.tabs.map((tab) => [tab.id, tab])) };
        return;
      case "proxies":
        proxies.value = table(state.proxies, (one) => one.proxy.id);
        homes.value = state.homes;
        return;
      case "system":
        nodes.value = table(state.nodes, (one) => one.path);
        schedules.value = table(state.schedules, (one) => one.name);
        figures.value = state.figures;
        startedAt.value = state.started_at;
        draining.value = state.draining;
        return;
      case "keys":
        keys.value = table(state.keys, (one) => one.id);
        return;
      case "logs":
        lines.value = state.lines;
        missedLines.value = 0;
        return;
    }
  });
}

export function applyAll(events: readonly LiveEvent[]): void {
  batch(() => events.forEach(apply));
}

/** Change what is known by one event. */
export function apply(event: LiveEvent): void {
  switch (event.type) {
    case "now_changed":
      numbers.value = event.now;
      return;
    case "trends_changed":
      trends.value = event.trends;
      return;
    case "parts_changed":
      parts.value = event.parts;
      return;
    case "alert_raised":
      alerts.value = [event.alert, ...alerts.value.filter((one) => one.id !== event.alert.id)];
      return;
    case "alert_cleared":
      alerts.value = alerts.value.filter((one) => one.id !== event.alert.id);
      return;
    case "job_moved":
      return moveJob(event.progress);
    case "job_stepped":
      return stepJob(event);
    case "job_removed":
      removedJobs.value = withRemoved(removedJobs.value, event.job_id);
      return take(jobs, event.job_id);
    case "account_changed":
      return put(accounts, event.view.account.id, event.view);
    case "account_removed":
      return take(accounts, event.account_id);
    case "browser_changed":
      if (captcha.value) captcha.value = { ...captcha.value, browser: event.view };
      return;
    case "tab_changed":
      return changeTabs((tabs) => tabs.set(event.view.id, event.view));
    case "tab_closed":
      return changeTabs((tabs) => tabs.delete(event.tab_id));
    case "proxy_changed":
      return put(proxies, event.view.proxy.id, event.view);
    case "proxy_removed":
      return take(proxies, event.proxy_id);
    case "homes_changed":
      return void (homes.value = event.homes);
    case "life":
      lives.value = [event, ...lives.value].slice(0, LIVES_KEPT);
      return;
    case "nodes_changed":
      return changeNodes(event.nodes, event.gone);
    case "figures_changed":
      figures.value = event.figures;
      return;
    case "schedule_changed":
    case "schedule_ran":
      return put(schedules, event.view.name, event.view);
    case "setting_changed":
      settingsRound.value += 1;
      return;
    case "key_changed":
      return put(keys, event.view.id, event.view);
    case "logged":
      return addLines(event.lines, event.missed);
  }
}

function moveJob(progress: Progress): void {
  if (jobs.value === null) return;
  const known = jobs.value.get(progress.job.id);
  // An end is final; what was said before it may arrive after a snapshot that tells it already.
  if (known && isFinal(known.job.state) && !isFinal(progress.job.state)) return;
  jobs.value = withJob(jobs.value, progress);
}

/** A generation that is not known here is too old for what is kept, or a whole record of it is on its way. */
function stepJob({ type: _, id, job, ...changes }: JobStepped): void {
  const known = jobs.value?.get(id);
  if (known) moveJob({ ...known, ...changes, job: { ...known.job, ...job } });
}

function addLines(told: readonly LogLine[], missed: number): void {
  if (lines.value === null) return;
  // A snapshot may tell already what an event tells after it.
  const last = lines.value.at(-1)?.number ?? -1;
  lines.value = [...lines.value, ...told.filter((line) => line.number > last)].slice(-LINES_KEPT);
  missedLines.value += missed;
}

function changeTabs(change: (tabs: Map<number, TabView>) => void): void {
  if (captcha.value === null) return;
  const tabs = new Map(captcha.value.tabs);
  change(tabs);
  captcha.value = { ...captcha.value, tabs };
}

function changeNodes(changed: readonly NodeView[], gone: readonly string[]): void {
  if (nodes.value === null) return;
  const next = new Map(nodes.value);
  for (const node of changed) next.set(node.path, node);
  for (const path of gone) next.delete(path);
  nodes.value = next;
}

/** Forget everything, as at sign-out. */
export function forget(): void {
  batch(() => {
    for (const held of [numbers, trends, parts, jobs, accounts, captcha, proxies, homes, nodes, schedules, figures, keys, lines])
      (held as Signal<unknown>).value = null;
    alerts.value = [];
    removedJobs.value = new Set();
    lives.value = [];
    instance.value = "";
  });
}
