/** The log as it is kept, over restarts: newest first, page by page, searched by the gateway. */
import { useCallback, useEffect, useState } from "preact/hooks";
import { get } from "../../api";
import type { LogLine, LogPage } from "../../live/protocol.gen";
import { Button } from "../../parts/button";
import { Empty, Fault, Skeleton } from "../../parts/empty";
import { t } from "../../text";
import { Line } from "./line";

const PAGE = 200;
/** Who types is waited for. */
const PAUSE_MS = 250;

export function Kept({ level, search }: { level: string; search: string }) {
  const [rows, setRows] = useState<readonly LogLine[] | null>(null);
  const [hasMore, setHasMore] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const load = useCallback(
    async (held: readonly LogLine[], wanted: () => boolean = () => true) => {
      const last = held.at(-1)?.number;
      const given = { limit: String(PAGE), ...(level && { level }), ...(search && { search }), ...(last !== undefined && { before: String(last) }) };
      try {
        const page = await get<LogPage>(`/api/logs?${new URLSearchParams(given)}`);
        if (!wanted()) return;
        setRows([...held, ...page.lines]);
        setHasMore(page.has_more);
        setError(null);
      } catch (fault) {
        if (wanted()) setError(fault);
      }
    },
    [level, search],
  );
  useEffect(() => {
    let gone = false;
    const id = setTimeout(() => void load([], () => !gone), PAUSE_MS);
    return () => {
      gone = true;
      clearTimeout(id);
    };
  }, [load]);
  if (error !== null) return <Fault error={error} again={() => load([])} />;
  if (rows === null) return <Skeleton rows={12} />;
  if (!rows.length)
    return (
      <div class="table-box">
        <Empty title={t("table.none")} />
      </div>
    );
  return (
    <>
      <ol class="log" tabIndex={0} aria-label={t("logs.kept")}>
        {rows.map((line) => (
          <Line key={line.number} line={line} />
        ))}
      </ol>
      {hasMore && (
        <div>
          <Button onClick={() => load(rows)}>{t("logs.older")}</Button>
        </div>
      )}
    </>
  );
}
