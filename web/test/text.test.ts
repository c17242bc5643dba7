import { expect, test } from "vitest";
import { en } from "../src/text/en";
import { zh } from "../src/text/zh";

const fillings = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

test("both languages have the same keys", () => {
  expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort());
});

test("each text is filled in with the same values in both languages", () => {
  const different = Object.entries(en).filter(
    ([key, text]) => fillings(text).join() !== fillings(zh[key as keyof typeof en]).join(),
  );
  expect(different).toEqual([]);
});

test("no text is empty, and Chinese is Chinese", () => {
  const latin = Object.entries(zh).filter(([, text]) => !/\p{Script=Han}/u.test(text));
  expect(Object.values(en).filter((text) => !text.trim())).toEqual([]);
  expect(latin).toEqual([]);
});
