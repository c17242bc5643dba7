/** Tables of records by their ids, and how much of what only grows is kept. Pure: a change makes a new table. */
import type { Progress } from "./protocol.gen";

export type Table<T> = ReadonlyMap<string, T>;

const FINAL: ReadonlySet<string> = new Set(["succeeded", "failed", "cancelled"]);
/** Ended generations beyond that many are for the history, which is fetched. */
const JOBS_KEPT = 600;
/** More than one page of history holds; a list that was fetched since does not tell of those before. */
const REMOVED_KEPT = 5000;

export function isFinal(state: string): boolean {
  return FINAL.has(state);
}

export function table<T>(rows: readonly T[], id: (row: T) => string): Table<T> {
  return new Map(rows.map((row) => [id(row), row]));
}

/** With one more generation, and without the oldest that ended where there are too many. */
export function withJob(jobs: Table<Progress>, progress: Progress): Table<Progress> {
  const next = new Map(jobs).set(progress.job.id, progress);
  if (next.size <= JOBS_KEPT) return next;
  const ended = [...next.values()].filter((one) => isFinal(one.job.state));
  ended.sort((a, b) => a.job.created_at - b.job.created_at);
  for (const one of ended.slice(0, next.size - JOBS_KEPT)) next.delete(one.job.id);
  return next;
}

/** With one more id, the newest last. */
export function withRemoved(removed: ReadonlySet<string>, id: string): ReadonlySet<string> {
  return new Set([...[...removed].slice(1 - REMOVED_KEPT), id]);
}
