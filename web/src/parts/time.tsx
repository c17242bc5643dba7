/** Times as people say them, with the exact one on hover. */
import { clock, duration, exactTime, now, relative } from "../format";
import { None } from "./empty";

export function Ago({ at }: { at: number | null | undefined }) {
  if (!at) return <None />;
  return (
    <time dateTime={new Date(at * 1000).toISOString()} title={exactTime(at)} class="nowrap">
      {relative(at)}
    </time>
  );
}

export function At({ at }: { at: number | null | undefined }) {
  if (!at) return <None />;
  return (
    <time dateTime={new Date(at * 1000).toISOString()} title={exactTime(at)} class="nowrap">
      {clock(at)}
    </time>
  );
}

/** How long something has been going on, or took. */
export function Took({ from, to }: { from: number; to?: number | null }) {
  return <span class="nowrap">{duration(Math.max(0, (to ?? now.value) - from))}</span>;
}
