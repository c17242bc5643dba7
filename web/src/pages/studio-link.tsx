/** The way into the studio, with what to begin from. */
import type { ComponentChildren } from "preact";
import { href } from "../route";
import { isPage } from "./index";

interface Props {
  main?: boolean;
  /** Run the same again, use its result as a reference, or continue it. */
  as?: "from" | "remix" | "extend";
  id?: string;
  children: ComponentChildren;
}

export function StudioLink({ main, as, id, children }: Props) {
  if (!isPage("studio")) return null;
  return (
    <a class={`button ${main ? "main" : ""}`} href={href("studio", as && id ? { [as]: id } : {})}>
      {children}
    </a>
  );
}
