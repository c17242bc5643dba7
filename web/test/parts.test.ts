import { beforeAll, expect, test, vi } from "vitest";

// The modules under test look at the page's address when they are loaded.
beforeAll(() => {
  vi.stubGlobal("location", { hash: "", pathname: "/dashboard/", origin: "http://gateway" });
  vi.stubGlobal("addEventListener", () => undefined);
  vi.stubGlobal("navigator", { language: "en-US" });
});

test.each([
  ["", "overview", {}],
  ["#/", "overview", {}],
  ["#/accounts", "accounts", {}],
  ["#/generations?state=failed&q=a%20fox&open=job_1", "generations", { state: "failed", q: "a fox", open: "job_1" }],
])("the address %s names a page and what is chosen on it", async (hash, page, params) => {
  const { href, parse } = await import("../src/route");
  expect(parse(hash)).toEqual({ page, params });
  expect(parse(href(page, params))).toEqual({ page, params });
});

test("what is empty is left out of an address", async () => {
  const { href } = await import("../src/route");
  expect(href("accounts", { q: "", open: null, state: "resting" })).toBe("#/accounts?state=resting");
});

test.each([
  ["/dashboard/", "http://gateway/api/x"],
  ["/dashboard/index.html", "http://gateway/api/x"],
  ["/behind/a/proxy/dashboard/", "http://gateway/behind/a/proxy/api/x"],
  ["/", "http://gateway/api/x"],
])("from %s the gateway is asked at %s", async (pathname, expected) => {
  const { address } = await import("../src/api");
  vi.stubGlobal("location", { hash: "", pathname, origin: "http://gateway" });
  expect(address("/api/x")).toBe(expected);
});

test("rows are sorted by numbers and words in both directions, and what has no value comes last", async () => {
  const { sorted } = await import("../src/parts/table");
  const columns = [{ id: "n", title: "", cell: () => null, sort: (row: { n: number | null }) => row.n }];
  const rows = [{ n: 10 }, { n: null }, { n: 9 }];
  expect(sorted(rows, columns, "n").map((row) => row.n)).toEqual([9, 10, null]);
  expect(sorted(rows, columns, "-n").map((row) => row.n)).toEqual([10, 9, null]);
  expect(sorted(rows, columns, "unknown")).toBe(rows);
});

test("a held list changes its rows in place, drops what is gone and lets new ones wait", async () => {
  const { arrange } = await import("../src/parts/held");
  const fresh = [{ id: "new", v: 1 }, { id: "b", v: 2 }, { id: "a", v: 3 }];
  expect(arrange(fresh, (row) => row.id, ["a", "gone", "b"])).toEqual([{ id: "a", v: 3 }, { id: "b", v: 2 }]);
});

test.each([
  ["short", 0],
  ["aaaaaaaaaaaaaaaa", 1],
  ["1234567890", 1],
  ["sunflower", 0],
  ["sunflowers", 2],
  ["correct horse battery staple", 4],
])("the password %s has the strength %i", async (password, level) => {
  const { strength } = await import("../src/parts/strength");
  expect(strength(password)).toBe(level);
});

test("a long identifier is cut in its middle", async () => {
  const { shortened } = await import("../src/format");
  expect(shortened("short")).toBe("short");
  expect(shortened("job_0123456789abcdef0123", 11)).toBe("job_0…f0123");
});

test("parents come before their children in the tree, and what has lost its parent is still shown", async () => {
  const { inOrder, wayTo } = await import("../src/pages/system/tree");
  const node = (path: string, parent: string) => ({ path, parent, name: path.split("/").at(-1) }) as never;
  const nodes = [node("r/b", "r"), node("r", ""), node("r/b/c", "r/b"), node("x/y", "x")];
  const shown = inOrder(nodes);
  expect([nodes[1], nodes[0], nodes[2]].map((one) => wayTo(one as never, nodes))).toEqual([[], ["b"], ["b", "c"]]);
  expect(shown.map((one) => [one.node.path, one.depth])).toEqual([["r", 0], ["r/b", 1], ["r/b/c", 2], ["x/y", 0]]);
});

test.each(["submitting", "running"])("a generation that is %s moves on and never looks finished before it is", async (state) => {
  const { share } = await import("../src/words");
  const running = { job: { state, submitted_at: 100, updated_at: 100 } } as never;
  const shares = [100, 110, 130, 1000].map((at) => share(running, at, 20));
  expect([...shares].sort((a, b) => a - b)).toEqual(shares);
  expect(shares.at(-1)).toBeLessThan(0.95);
});

test("an account without money is not said to come back by itself", async () => {
  const { standingWords } = await import("../src/words");
  const account = { standing: { state: "exhausted", code: "balance_empty", until: 1_800_000_000 } };
  expect(standingWords({ account } as never)).toBe("No balance left");
  const daily = { standing: { state: "exhausted", code: "quota_reached", until: 1_800_000_000 } };
  expect(standingWords({ account: daily } as never)).toMatch(/^Used up until .* \(quota reached\)$/);
});

test.each([
  ["without any proxy", undefined, undefined, false, "directly"],
  ["before its first call", undefined, undefined, true, "at its next call"],
  ["at home by the pool's choice", { fixed: false }, "healthy", true, "The pool chose it"],
  ["while its home rests", { fixed: false }, "resting", true, "gives it another"],
  ["fixed by hand", { fixed: true }, "healthy", true, "You chose it"],
  ["fixed to one that rests", { fixed: true }, "resting", true, "others stand in meanwhile"],
  ["fixed to one that is disabled", { fixed: true }, "disabled", true, "until you enable it"],
])("an account %s is told why it goes out as it does", async (_, home, state, any, told) => {
  const { reason } = await import("../src/pages/accounts/way");
  const view = state && { state, health: { resting_until: null } };
  expect(reason(home as never, view as never, any)).toContain(told);
});

test.each([
  ["Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux"],
  ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0", "Edge on Windows"],
  ["Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36", "Chrome on Android"],
  ["Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1", "Safari on iPhone"],
  ["Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.35 Mobile/15E148 Safari/604.1", "Chrome on iPad"],
  ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15", "Safari on macOS"],
  ["curl/8.5.0", "curl"],
  ["a program of our own", "a program of our own"],
  ["", "Unknown program"],
])("what calls itself %s is shown as %s", async (text, shown) => {
  const { agentWords } = await import("../src/words");
  expect(agentWords(text)).toBe(shown);
});

test("messages that were given up come before those that wait, the newest of each first", async () => {
  const { arranged } = await import("../src/pages/notifications/outbox");
  const one = (id: string, created_at: number, next_at: number | null) => ({ id, created_at, next_at }) as never;
  const order = arranged([one("waits", 4, 9), one("old", 1, null), one("waited", 2, 9), one("new", 3, null)]);
  expect(order.map(({ id }) => id)).toEqual(["new", "old", "waits", "waited"]);
});
