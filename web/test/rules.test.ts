import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const SRC = join(import.meta.dirname, "..", "src");
const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((name) => /\.(tsx?|css)$/.test(name));
const text = (name: string) => readFileSync(join(SRC, name), "utf8");
const written = files.filter((name) => !name.endsWith(".gen.ts") && !name.includes("text"));

test("a file is read in one go", () => {
  const long = written.filter((name) => text(name).split("\n").length > 250);
  expect(long).toEqual([]);
});

test("no style stands in the markup, and no markup in a string", () => {
  expect(written.filter((name) => /\sstyle=|innerHTML|dangerouslySet/.test(text(name)))).toEqual([]);
});

test("colours stand in tokens.css alone", () => {
  const others = written.filter((name) => name.endsWith(".css") && !name.endsWith("tokens.css"));
  expect(others.filter((name) => /#[0-9a-f]{3,8}\b|rgba?\(/i.test(text(name)))).toEqual([]);
});

test("only the state module writes what the gateway tells", () => {
  const names = ["jobs", "accounts", "proxies", "homes", "captcha", "nodes", "schedules", "keys", "lines", "numbers", "trends", "alerts"];
  const writing = new RegExp(`(^|[^.\\w])(${names.join("|")})\\.value\\s*=[^=]`);
  expect(written.filter((name) => name !== join("live", "state.ts") && writing.test(text(name)))).toEqual([]);
});
