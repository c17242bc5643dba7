/** Lines over time, drawn by uPlot, which is fetched when the first chart is shown. Gaps stay gaps. */
import { useEffect, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import { clock, exactTime, number } from "../format";
import { language, shownTheme } from "../prefs";

export interface Line {
  label: string;
  /** The name of a colour in tokens.css. */
  tone: "good" | "working" | "resting" | "bad" | "accent";
  values: readonly (number | null)[];
}

interface Props {
  label: string;
  times: readonly number[];
  lines: readonly Line[];
  unit?: string;
  /** Charts of one name show the same moment under the pointer. */
  group?: string;
}

/** A colour as it is now: a canvas does not know variables. */
function colour(at: HTMLElement, name: string): string {
  const probe = document.createElement("i");
  probe.className = `probe-${name}`;
  at.append(probe);
  const seen = getComputedStyle(probe).color;
  probe.remove();
  return seen;
}

function options(at: HTMLElement, props: Props): uPlot.Options {
  const [soft, line] = [colour(at, "soft"), colour(at, "line")];
  const axis = { stroke: soft, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "12px system-ui" };
  return {
    width: at.clientWidth,
    height: 200,
    legend: { show: false },
    cursor: { sync: { key: props.group ?? "" }, points: { size: 6 }, drag: { x: false, y: false } },
    axes: [
      { ...axis, size: 28, values: (_plot, splits) => splits.map((at) => clock(at)), space: 84 },
      { ...axis, size: 40, values: (_plot, splits) => splits.map((n) => (Number.isInteger(n) ? number(n) : "")) },
    ],
    scales: { y: { range: (_plot, _low, high) => [0, Math.max(4, high * 1.1)] } },
    series: [
      {},
      ...props.lines.map((one) => ({
        label: one.label,
        stroke: colour(at, one.tone),
        width: 2,
        points: { show: false },
        spanGaps: false,
      })),
    ],
  };
}

export function Chart(props: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [place, setPlace] = useState<number | null>(null);
  const data = [props.times, ...props.lines.map((one) => one.values)] as unknown as uPlot.AlignedData;
  const look = `${shownTheme.value} ${language.value} ${props.lines.map((one) => one.label).join()}`;
  const newest = useRef(data);
  newest.current = data;
  useEffect(() => {
    let gone = false;
    const at = box.current;
    if (!at) return;
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: at.clientWidth, height: 200 }));
    void import("./plot").then(({ draw }) => {
      if (gone) return;
      plot.current = draw({ ...options(at, props), hooks: { setCursor: [(p) => setPlace(p.cursor.idx ?? null)] } }, newest.current, at);
      resized.observe(at);
    });
    return () => {
      gone = true;
      resized.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [look]);
  useEffect(() => plot.current?.setData(data), [props.times, props.lines]);
  const at = place === null ? null : props.times[place];
  return (
    <figure class="chart" aria-label={props.label}>
      <figcaption class="line">
        {props.lines.map((one) => (
          <span key={one.label} class={`chart-label probe-${one.tone}`}>
            {one.label}{" "}
            <b>{number(place === null ? total(one) : (one.values[place] ?? 0), 1)}</b>
            {props.unit}
          </span>
        ))}
        <span class="soft small">{at ? exactTime(at) : " "}</span>
      </figcaption>
      <div ref={box} class="chart-box" />
    </figure>
  );
}

function total(line: Line): number {
  return line.values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}
