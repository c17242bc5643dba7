import { beforeEach, expect, test } from "vitest";
import type { AccountView, Alert, Job, LogLine, NodeView, Progress, TabView } from "../src/live/protocol.gen";
import * as state from "../src/live/state";

const job = (id: string, changes: Partial<Job> = {}): Progress =>
  ({ job: { id, state: "running", created_at: 1, ...changes }, position: null, stage: "", account: null }) as Progress;
const account = (id: string, label = id): AccountView => ({ account: { id, label } }) as AccountView;
const moved = (progress: Progress) => state.apply({ type: "job_moved", progress, at: 1 });
const ids = () => [...(state.jobs.value?.keys() ?? [])];

beforeEach(() => state.forget());

test("before its snapshot a topic is unknown, and its events change nothing", () => {
  moved(job("a"));
  state.apply({ type: "account_changed", view: account("a"), at: 1 });
  expect([state.jobs.value, state.accounts.value]).toEqual([null, null]);
});

test("a snapshot replaces all that was known of its topic, and of no other", () => {
  state.restore({ topic: "jobs", jobs: [job("a"), job("b")] });
  state.restore({ topic: "accounts", accounts: [account("x")] });
  state.restore({ topic: "jobs", jobs: [job("c")] });
  expect(ids()).toEqual(["c"]);
  expect(state.accounts.value?.size).toBe(1);
});

test("events replace whole records, add and remove them", () => {
  state.restore({ topic: "accounts", accounts: [account("x"), account("y")] });
  state.applyAll([
    { type: "account_changed", view: account("x", "new name"), at: 1 },
    { type: "account_changed", view: account("z"), at: 1 },
    { type: "account_removed", account_id: "y", at: 1 },
  ]);
  expect([...(state.accounts.value?.values() ?? [])].map((one) => one.account.label)).toEqual(["new name", "z"]);
});

test("an event that a snapshot tells already changes nothing back", () => {
  state.restore({ topic: "jobs", jobs: [job("a", { state: "succeeded" })] });
  moved(job("a", { state: "fetching" }));
  expect(state.jobs.value?.get("a")?.job.state).toBe("succeeded");
});

test("a step changes what it names and leaves the rest of a generation as it was", () => {
  state.restore({ topic: "jobs", jobs: [{ ...job("a", { caller: "key_1", submits: 0 }), position: 3, note: "kept" }] });
  state.apply({ type: "job_stepped", id: "a", job: { state: "submitting", submits: 1 }, position: null, stage: "captcha" });
  expect(state.jobs.value?.get("a")).toEqual({
    ...job("a", { state: "submitting", caller: "key_1", submits: 1 }), stage: "captcha", note: "kept",
  });
});

test("a step of a generation that has ended, or that nobody told of, changes nothing", () => {
  state.restore({ topic: "jobs", jobs: [job("a", { state: "failed" })] });
  const before = state.jobs.value;
  state.apply({ type: "job_stepped", id: "a", job: { state: "running" }, percent: 10 });
  state.apply({ type: "job_stepped", id: "b", job: { state: "running" } });
  expect(state.jobs.value).toBe(before);
});

test("a generation that was removed is shown nowhere, whatever was fetched before", () => {
  state.restore({ topic: "jobs", jobs: [job("a", { state: "succeeded" }), job("b")] });
  state.apply({ type: "job_removed", job_id: "a", at: 1 });
  expect(ids()).toEqual(["b"]);
  expect([...state.removedJobs.value]).toEqual(["a"]);
});

test("of very many generations the oldest ended ones are forgotten, never a live one", () => {
  state.restore({ topic: "jobs", jobs: [job("live", { created_at: 0 })] });
  for (let n = 1; n <= 700; n += 1) moved(job(`job-${n}`, { state: "succeeded", created_at: n }));
  expect(state.jobs.value?.size).toBe(600);
  expect(ids()).toContain("live");
  expect(ids()).toContain("job-700");
  expect(ids()).not.toContain("job-1");
});

test("readers of a table see another object after each change", () => {
  state.restore({ topic: "jobs", jobs: [] });
  const before = state.jobs.value;
  moved(job("a"));
  expect(state.jobs.value).not.toBe(before);
  expect(before?.size).toBe(0);
});

test("an alert that is raised again is not there twice, and a cleared one is gone", () => {
  const alert = { id: "1", title: "old" } as Alert;
  state.apply({ type: "alert_raised", alert, at: 1 });
  state.apply({ type: "alert_raised", alert: { ...alert, title: "new" }, at: 2 });
  expect(state.alerts.value.map((one) => one.title)).toEqual(["new"]);
  state.apply({ type: "alert_cleared", alert, at: 3 });
  expect(state.alerts.value).toEqual([]);
});

test("tabs come, change and go", () => {
  const tab = { id: 1, tokens: 0 } as TabView;
  state.restore({ topic: "captcha", method: "browser", browser: null, tabs: [tab] });
  state.apply({ type: "tab_changed", view: { ...tab, tokens: 3 }, at: 1 });
  state.apply({ type: "tab_changed", view: { ...tab, id: 2 }, at: 1 });
  expect([...(state.captcha.value?.tabs.values() ?? [])].map((one) => [one.id, one.tokens])).toEqual([[1, 3], [2, 0]]);
  state.apply({ type: "tab_closed", tab_id: 1, at: 2 });
  expect([...(state.captcha.value?.tabs.keys() ?? [])]).toEqual([2]);
});

test("nodes of the tree are replaced by their path", () => {
  const node = (path: string, restarts = 0) => ({ path, restarts }) as NodeView;
  state.restore({ topic: "system", version: "1", started_at: 1, draining: false, nodes: [node("a"), node("a/b")], schedules: [], figures: {} as never });
  state.apply({ type: "nodes_changed", nodes: [node("a/b", 2), node("a/c")], gone: ["a"] });
  expect([...(state.nodes.value?.values() ?? [])].map((one) => [one.path, one.restarts])).toEqual([["a/b", 2], ["a/c", 0]]);
});

test("the log keeps its newest lines and counts what it missed", () => {
  const line = (number: number) => ({ number }) as LogLine;
  state.restore({ topic: "logs", lines: [line(1)] });
  state.apply({ type: "logged", lines: Array.from({ length: 2500 }, (_, n) => line(n + 2)), missed: 7 });
  expect(state.lines.value?.length).toBe(2000);
  expect(state.lines.value?.at(-1)?.number).toBe(2501);
  expect(state.missedLines.value).toBe(7);
});

test("a line that the snapshot tells already is not there twice", () => {
  const line = (number: number) => ({ number }) as LogLine;
  state.restore({ topic: "logs", lines: [line(1), line(2)] });
  state.apply({ type: "logged", lines: [line(1), line(2), line(3)], missed: 0 });
  expect(state.lines.value?.map((one) => one.number)).toEqual([1, 2, 3]);
});

test("a return of the connection is counted, its first beginning and the one after a sign-out are not", () => {
  const hello = { type: "hello", version: "1", protocol: 2, instance: "a", session: "", time: 0, beat_seconds: 15, draining: false } as const;
  const before = state.returns.value;
  state.greet(hello);
  expect(state.returns.value).toBe(before);
  state.greet(hello);
  state.greet({ ...hello, instance: "b" });
  expect(state.returns.value).toBe(before + 2);
  state.forget();
  state.greet(hello);
  expect(state.returns.value).toBe(before + 2);
});

test("of the generations that were removed the newest alone are remembered, however long a page is open", async () => {
  const { withRemoved } = await import("../src/live/tables");
  let removed: ReadonlySet<string> = new Set();
  for (let n = 0; n < 5003; n += 1) removed = withRemoved(removed, `job_${n}`);
  expect([removed.size, removed.has("job_2"), removed.has("job_3"), removed.has("job_5002")]).toEqual([5000, false, true, true]);
});
