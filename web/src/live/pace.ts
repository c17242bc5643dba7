/**
 * Draws several times a second at most: events are gathered and applied together, in order, none left out. What comes alone is
 * applied at once.
 */
export function paced<E>(apply: (events: readonly E[]) => void, ms: number, later: (ms: number, action: () => void) => void) {
  let held: E[] = [];
  let waiting = false;
  const flush = () => {
    if (!held.length) return;
    const events = held;
    held = [];
    apply(events);
  };
  return {
    take(events: readonly E[]): void {
      held.push(...events);
      if (waiting) return;
      flush();
      waiting = true;
      later(ms, () => {
        waiting = false;
        flush();
      });
    },
    /** Apply what is held now, as before a snapshot that follows it. */
    flush,
  };
}
