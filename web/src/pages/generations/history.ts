/** What is stored, page by page, newest first; begun anew when a filter changes. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { get } from "../../api";
import type { JobList, Progress } from "../../live/protocol.gen";
import { param } from "../../route";
import { still } from "../../words";

const PAGE = 100;

export interface History {
  rows: readonly Progress[];
  hasMore: boolean;
  error: unknown;
  more: () => Promise<void>;
}

function query(only: string): string {
  const state = only || param("state");
  const given: Record<string, string> = { model: param("model"), state: state === "live" ? "" : state, q: param("q"), account: param("account"), kind: param("kind") };
  const known = Object.entries(given).filter(([, value]) => value);
  return new URLSearchParams([...known, ["limit", String(PAGE)]]).toString();
}

/** `only` names the state where the page shows no other. */
export function useHistory(only = ""): History {
  const [rows, setRows] = useState<readonly Progress[]>([]);
  const [hasMore, setHasMore] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [asked, setAsked] = useState(() => query(only));
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
        setHasMore(page.has_more);
        setError(null);
      } catch (fault) {
        if (mine === turn.current) setError(fault);
      }
    },
    [asked],
  );
  useEffect(() => void load([]), [load]);
  const more = useCallback(() => load(rows), [load, rows]);
  return { rows, hasMore, error, more };
}
