/** A button with a sheet of choices under it; closes on a choice, on Escape and on a click beside it. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon, type IconName } from "./icon";

interface Props {
  icon: IconName;
  label: string;
  /** Whether a choice closes it; not so where several are ticked. */
  stays?: boolean;
  children: ComponentChildren;
}

export function Menu({ icon, label, stays, children }: Props) {
  const box = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const shut = () => box.current?.removeAttribute("open");
    const beside = (event: Event) => box.current?.contains(event.target as Node) || shut();
    const press = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || !box.current?.open) return;
      shut();
      box.current.querySelector("summary")?.focus();
      event.stopPropagation();
    };
    addEventListener("click", beside);
    addEventListener("keydown", press, true);
    return () => {
      removeEventListener("click", beside);
      removeEventListener("keydown", press, true);
    };
  }, []);
  return (
    <details class="menu" ref={box}>
      <summary class="button plain icon" aria-label={label} title={label}>
        <Icon name={icon} />
      </summary>
      <div class="sheet" onClick={() => !stays && box.current?.removeAttribute("open")}>
        {children}
      </div>
    </details>
  );
}
