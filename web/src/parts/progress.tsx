/** A bar that moves by transform alone; without a known share it glides. */
import { useLayoutEffect, useRef } from "preact/hooks";

export function Progress({ share, label }: { share: number | null; label: string }) {
  const bar = useRef<HTMLSpanElement>(null);
  const shown = share === null ? null : Math.min(1, Math.max(0, share));
  useLayoutEffect(() => bar.current?.style.setProperty("--share", String(shown ?? 0)), [shown]);
  return (
    <div
      class={`progress ${shown === null ? "unknown" : ""}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={shown === null ? undefined : Math.round(shown * 100)}
    >
      <span ref={bar} />
    </div>
  );
}
