import { expect, test } from "vitest";
import { paced } from "../src/live/pace";

function stage() {
  const drawn: number[][] = [];
  const due: (() => void)[] = [];
  const pace = paced<number>((events) => drawn.push([...events]), 100, (_ms, action) => due.push(action));
  const pass = () => due.splice(0).forEach((action) => action());
  return { drawn, pace, pass };
}

test("what comes alone is drawn at once", () => {
  const { drawn, pace, pass } = stage();
  pace.take([1]);
  pass();
  pace.take([2]);
  expect(drawn).toEqual([[1], [2]]);
});

test("what comes in a rush is drawn together, in order and whole", () => {
  const { drawn, pace, pass } = stage();
  for (let n = 1; n <= 50; n += 1) pace.take([n]);
  pass();
  expect(drawn.length).toBe(2);
  expect(drawn.flat()).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
});

test("what is held is drawn before a snapshot, and not again after it", () => {
  const { drawn, pace, pass } = stage();
  pace.take([1]);
  pace.take([2]);
  pace.flush();
  pass();
  expect(drawn).toEqual([[1], [2]]);
});
