/** What was asked for over HTTP: data, fault, and asking again. Older answers never replace newer ones. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { get } from "../api";
import { returns } from "../live/state";

export interface Asked<T> {
  data: T | null;
  error: unknown;
  again: () => Promise<void>;
  set: (data: T) => void;
}

/** Ask for a path, anew when it or `round` changes and when the connection comes back; null asks for nothing. */
export function useAsked<T>(path: string | null, round: unknown = 0): Asked<T> {
  const [data, setData] = useState<T | null>(null);
  const [error, setError] = useState<unknown>(null);
  const turn = useRef(0);
  const ask = useCallback(async () => {
    const mine = ++turn.current;
    if (path === null) return;
    try {
      const answer = await get<T>(path);
      if (mine !== turn.current) return;
      setData(answer);
      setError(null);
    } catch (fault) {
      if (mine === turn.current) setError(fault);
    }
  }, [path]);
  useEffect(() => {
    void ask();
    return () => void (turn.current += 1);
  }, [ask, round, returns.value]);
  return { data, error, again: ask, set: setData };
}
