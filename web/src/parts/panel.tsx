/** Detail over the list, with an address of its own: Escape closes it, arrows go to the neighbouring rows. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { open } from "../route";
import { t } from "../text";
import { Button } from "./button";
import { None } from "./empty";

interface Props {
  title: string;
  id: string;
  /** The rows of the list, in its order. */
  neighbours?: readonly string[];
  actions?: ComponentChildren;
  children: ComponentChildren;
}

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, select, dialog, video") !== null;
}

export function Panel({ title, id, neighbours = [], actions, children }: Props) {
  const panel = useRef<HTMLElement>(null);
  const place = neighbours.indexOf(id);
  const beside = (step: number) => (place < 0 ? undefined : neighbours[place + step]);
  const turn = (step: number) => {
    const next = beside(step);
    if (next !== undefined) open(next);
  };
  useEffect(() => {
    const before = document.activeElement;
    panel.current?.focus();
    return () => before instanceof HTMLElement && before.focus();
  }, []);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (typing(event.target) || event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.key === "Escape") open(null);
      else if (event.key === "ArrowDown" || event.key === "ArrowRight") turn(1);
      else if (event.key === "ArrowUp" || event.key === "ArrowLeft") turn(-1);
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  });
  return (
    <aside class="panel" ref={panel} tabIndex={-1} aria-label={title}>
      <header>
        <h2>{title}</h2>
        <Button kind="plain" icon="up" label={t("panel.previous")} disabled={!beside(-1)} onClick={() => turn(-1)} />
        <Button kind="plain" icon="down" label={t("panel.next")} disabled={!beside(1)} onClick={() => turn(1)} />
        <Button kind="plain" icon="close" label={t("close")} onClick={() => open(null)} />
      </header>
      <div class="inside">{children}</div>
      {actions && <footer>{actions}</footer>}
    </aside>
  );
}

export function Facts({ of: rows }: { of: readonly (readonly [string, ComponentChildren] | null | false)[] }) {
  return (
    <dl class="facts">
      {rows.map(
        (row) =>
          row && [
            <dt key={`${row[0]}-name`}>{row[0]}</dt>,
            <dd key={row[0]}>{row[1] ?? <None />}</dd>,
          ],
      )}
    </dl>
  );
}
