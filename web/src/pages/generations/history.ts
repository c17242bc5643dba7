/** What is stored, page by page, newest first; begun anew when a filter changes. */
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { get } from "../../api";
import type { JobList, Progress } from "../../live/protocol.gen";
import { removedJobs } from "../../live/state";
import { param } from "../../route";
import { still } from "../../words";

const PAGE = 100;

export interface History {
  rows: readonly Progress[];
  /** Which of all generations the gateway found for what is searched: it looks at the whole prompt, not at its beginning. */
  found: ReadonlySet<string>;
  hasMore: boolean;
  error: unknown;
  more: () => Promise<void>;
}

function query(only: string): string {
  const state = only || param("state");
  const given: Record<string, string> = { model: param("model"), state: state === "live" ? "" : state, search: param("q").trim(), account: param("account"), kind: param("kind") };
  const known = Object.entries(given).filter(([, value]) => value);
  return new URLSearchParams([...known, ["limit", String(PAGE)]]).toString();
}

/** `only` names the state where the page shows no other. */
export function useHistory(only = ""): History {
  const [rows, setRows] = useState<readonly Progress[]>([]);
  const [hasMore, setHasMore] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [asked, setAsked] = useState(() => query(only));
  const [answered, setAnswered] = useState("");
  const turn = useRef(0);
  const wish = query(only);
  // Who types is waited for.
  useEffect(() => {
    const id = setTimeout(() => setAsked(wish), 250);
    return () => clearTimeout(id);
  }, [wish]);
  const load = useCallback(
    async (before: readonly Progress[]) => {
      const mine = ++turn.current;
      const last = before.at(-1)?.job.id;
      try {
        const page = await get<JobList>(`/api/jobs?${asked}${last ? `&after=${encodeURIComponent(last)}` : ""}`);
        if (mine !== turn.current) return;
        setRows([...before, ...page.jobs.map(still)]);
        setAnswered(asked);
        setHasMore(page.has_more);
        setError(null);
      } catch (fault) {
        if (mine === turn.current) setError(fault);
      }
    },
    [asked],
  );
  useEffect(() => void load([]), [load]);
  const kept = useMemo(() => rows.filter((one) => !removedJobs.value.has(one.job.id)), [rows, removedJobs.value]);
  const more = useCallback(() => load(rows), [load, rows]);
  const current = answered === wish;
  const found = useMemo(() => new Set(current ? rows.map((one) => one.job.id) : []), [rows, current]);
  return { rows: kept, found, hasMore, error, more };
}
