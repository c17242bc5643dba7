/** What the gateway says of itself, as it says it: a live tail with filters, which stands still while somebody reads above. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { number } from "../format";
import type { LogLine } from "../live/protocol.gen";
import { lines, missedLines } from "../live/state";
import { Button } from "../parts/button";
import { Empty, Skeleton } from "../parts/empty";
import { Chips, matches, Search, Tools } from "../parts/tools";
import { param } from "../route";
import { t } from "../text";
import { Kept } from "./logs/kept";
import { Line } from "./logs/line";

const RANK: Record<string, number> = { debug: 0, info: 1, warning: 2, error: 3, critical: 3 };
const LEVELS = ["info", "warning", "error"] as const;
/** So near to the end counts as the end. */
const NEAR_PX = 40;

export default function Logs() {
  const [paused, setPaused] = useState<readonly LogLine[] | null>(null);
  const box = useRef<HTMLOListElement>(null);
  const atEnd = useRef(true);
  const kept = param("view") === "kept";
  const all = paused ?? lines.value;
  const least = RANK[param("level")] ?? 0;
  const shown = all?.filter((line) => wanted(line, least)) ?? null;
  useLayoutEffect(() => {
    if (atEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [shown?.at(-1)?.number, shown?.length]);
  const scrolled = () => {
    const at = box.current;
    if (at) atEnd.current = at.scrollHeight - at.scrollTop - at.clientHeight < NEAR_PX;
  };
  if (!shown) return <Skeleton rows={12} />;
  return (
    <>
      <Tools>
        <Search label={t("logs.search")} />
        <Chips name="level" label={t("logs.level")} options={[{ value: "", text: t("all") }, ...LEVELS.map((one) => ({ value: one, text: t(`level.${one}.up`) }))]} />
        <Chips name="view" label={t("logs.which")} options={[{ value: "", text: t("logs.live") }, { value: "kept", text: t("logs.kept") }]} />
        <span class="spring" />
        {missedLines.value > 0 && <span class="soft small">{t("logs.missed", { n: number(missedLines.value) })}</span>}
        {!kept && (
          <Button icon={paused ? "play" : "pause"} onClick={() => setPaused(paused ? null : lines.value)}>
            {t(paused ? "logs.go.on" : "logs.hold")}
          </Button>
        )}
      </Tools>
      {kept ? (
        <Kept level={param("level")} search={param("q")} />
      ) : shown.length === 0 ? (
        <div class="table-box">
          <Empty title={t(all?.length ? "table.none" : "logs.empty")} />
        </div>
      ) : (
        <ol class="log" ref={box} onScroll={scrolled} tabIndex={0} aria-label={t("page.logs")}>
          {shown.map((line) => (
            <Line key={line.number} line={line} />
          ))}
        </ol>
      )}
    </>
  );
}

function wanted(line: LogLine, least: number): boolean {
  if ((RANK[line.level.toLowerCase()] ?? 1) < least) return false;
  return matches(param("q"), line.message, line.logger, line.request_id, line.job_id, line.account_id, line.error);
}
