/** What stands where nothing is yet, with the one next step; and what stands where something could not be had. */
import type { ComponentChildren } from "preact";
import { describe } from "../act";
import { t } from "../text";
import { Button } from "./button";

export function Empty({ title, children, action }: {
  title: string;
  children?: ComponentChildren;
  action?: ComponentChildren;
}) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}

/** In place of a value that there is not; a list on a phone leaves it out, with its word. */
export function None() {
  return <span class="soft none">–</span>;
}

export function Fault({ error, again }: { error: unknown; again?: () => unknown }) {
  return (
    <div class="fault" role="alert">
      <strong>{t("fault.title")}</strong>
      <span>{describe(error)}</span>
      {again && (
        <div>
          <Button tiny onClick={again}>
            {t("again")}
          </Button>
        </div>
      )}
    </div>
  );
}

export function Skeleton({ rows = 4 }: { rows?: number }) {
  return (
    <div class="stack" aria-busy="true" aria-label={t("loading")}>
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} class="skeleton" />
      ))}
    </div>
  );
}
