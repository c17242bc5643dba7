/** Lists do not move under the pointer: while one is held, its order stays and what is new waits. */
import { useRef } from "preact/hooks";

export interface Held<Row> {
  rows: readonly Row[];
  waiting: number;
  release: () => void;
}

/** The rows in the order in which they are shown now; rows that are already there change in place all the same. */
export function arrange<Row>(fresh: readonly Row[], keyOf: (row: Row) => string, before: readonly string[]): Row[] {
  const byKey = new Map(fresh.map((row) => [keyOf(row), row]));
  return before.flatMap((key) => byKey.get(key) ?? []);
}

/** `reset` changes when the reader asks for another order or filter, which holds nothing back. */
export function useHeld<Row>(
  fresh: readonly Row[], keyOf: (row: Row) => string, holding: boolean, reset: string,
): Held<Row> {
  const order = useRef<{ keys: string[]; reset: string }>({ keys: [], reset: "" });
  const hold = holding && order.current.reset === reset && order.current.keys.length > 0;
  if (!hold) order.current = { keys: fresh.map(keyOf), reset };
  const rows = hold ? arrange(fresh, keyOf, order.current.keys) : fresh;
  const known = new Set(order.current.keys);
  const waiting = hold ? fresh.filter((row) => !known.has(keyOf(row))).length : 0;
  return { rows, waiting, release: () => (order.current = { keys: [], reset: "" }) };
}
