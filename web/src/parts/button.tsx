/** A button that waits for what it began, so that nothing is sent twice. */
import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./icon";

interface Looks {
  kind?: "main" | "danger" | "plain";
  tiny?: boolean;
  icon?: IconName;
  /** For a button with an icon alone. */
  label?: string;
  title?: string;
  disabled?: boolean;
  pressed?: boolean;
  children?: ComponentChildren;
}

export function Button(props: Looks & { onClick: (event: MouseEvent) => unknown; submit?: boolean }) {
  const [busy, setBusy] = useState(false);
  const gone = useRef(false);
  const press = async (event: MouseEvent) => {
    const begun = props.onClick(event);
    if (!(begun instanceof Promise)) return;
    setBusy(true);
    try {
      await begun;
    } finally {
      if (!gone.current) setBusy(false);
    }
  };
  const classes = ["button", props.kind, props.tiny && "tiny", !props.children && props.icon && "icon"].filter(Boolean);
  return (
    <button
      type={props.submit ? "submit" : "button"}
      class={classes.join(" ")}
      disabled={props.disabled || busy}
      aria-busy={busy}
      aria-label={props.label}
      aria-pressed={props.pressed}
      title={props.title ?? props.label}
      onClick={press}
    >
      {props.icon && <Icon name={props.icon} />}
      {props.children}
    </button>
  );
}
