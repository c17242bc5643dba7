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

function query(): string {
  const state = param("state");
  const given: Record<string, string> = { model: param("model"), state: state === "live" ? "" : state, q: param("q"), account: param("account"), kind: param("kind") };
  const known = Object.entries(given).filter(([, value]) => value);
  return new URLSearchParams([...known, ["limit", String(PAGE)]]).toString();
}

export function useHistory(): History {
  const [rows, setRows] = useState<readonly Progress[]>([]);
  const [hasMore, setHasMore] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [asked, setAsked] = useState(query);
  const turn = useRef(0);
  const wish = query();
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
  return { rows, hasMore, error, more: () => load(rows) };
}
