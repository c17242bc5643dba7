/** A state as a word with a colour and a shape, so that colour never stands alone. */
import type { ComponentChildren } from "preact";

export type Tone = "good" | "working" | "resting" | "bad" | "quiet";

const SHAPES: Record<Tone, string> = {
  good: "M4 0a4 4 0 1 1 0 8 4 4 0 0 1 0-8z",
  working: "M0 0l8 4-8 4z",
  resting: "M0 0h3v8H0zM5 0h3v8H5z",
  bad: "M4 0l4 8H0z",
  quiet: "M0 3h8v2H0z",
};

export function Badge({ tone, title, children }: { tone: Tone; title?: string | undefined; children: ComponentChildren }) {
  return (
    <span class={`badge tone-${tone}`} title={whole(children, title)}>
      <svg viewBox="0 0 8 8" aria-hidden="true">
        <path d={SHAPES[tone]} />
      </svg>
      <span class="said">{children}</span>
    </span>
  );
}

/** All that it says, which may be cut where there is little room, and what is told besides. */
function whole(children: ComponentChildren, title: string | undefined): string | undefined {
  const said = typeof children === "string" ? children : undefined;
  return said && title && title !== said ? `${said}\n${title}` : (said ?? title);
}

export function Count({ n, tone = "quiet", label }: { n: number; tone?: Tone; label: string }) {
  if (!n) return null;
  return (
    <span class={`count tone-${tone}`} title={label}>
      {n > 999 ? "999+" : n}
      <span class="hidden-text"> {label}</span>
    </span>
  );
}
