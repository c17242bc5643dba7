/** The way into the studio, with what to begin from. */
import type { ComponentChildren } from "preact";
import { href } from "../route";

interface Props {
  main?: boolean;
  tiny?: boolean;
  /** Run the same again, use its result as a reference, or continue it. */
  as?: "from" | "remix" | "extend";
  id?: string;
  children: ComponentChildren;
}

export function StudioLink({ main, tiny, as, id, children }: Props) {
  return (
    <a class={`button ${main ? "main" : ""} ${tiny ? "tiny" : ""}`} href={href("studio", as && id ? { [as]: id } : {})}>
      {children}
    </a>
  );
}
