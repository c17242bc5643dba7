/** A row of a table: drawn anew only when its record, the columns or its marks change. What moves by itself is a part of its own. */
import { useMemo } from "preact/hooks";
import { hrefWith, open } from "../route";
import { t } from "../text";
import type { Column } from "./table";

interface Props<T> {
  row: T;
  id: string;
  columns: readonly Column<T>[];
  opens: boolean;
  opened: boolean;
  /** Undefined where rows cannot be picked. */
  picked?: boolean | undefined;
  onPick: (id: string, on: boolean) => void;
}

export function Row<T>({ row, id, columns, opens, opened, picked, onPick }: Props<T>) {
  const cells = useMemo(
    () =>
      columns.map((column, place) => {
        const classes = [column.number && "number", column.wide && "wide", place === 0 && "first"].filter(Boolean).join(" ");
        return (
          <td key={column.id} role="cell" data-label={column.title} class={classes}>
            {place === 0 && opens ? <Way id={id}>{column.cell(row)}</Way> : column.cell(row)}
          </td>
        );
      }),
    [row, columns, opens, id],
  );
  return (
    <tr
      role="row"
      class={`new ${opens ? "opens" : ""} ${opened ? "open" : ""}`}
      onClick={opens ? (event) => meant(event) && open(id) : undefined}
    >
      {picked !== undefined && (
        <td class="tick" role="cell">
          <input
            type="checkbox"
            aria-label={t("table.pick")}
            checked={picked}
            onChange={(event) => onPick(id, event.currentTarget.checked)}
          />
        </td>
      )}
      {cells}
      <td class="tick" role="cell" />
    </tr>
  );
}

/** The link that opens the row; it keeps to the filters of the moment. */
function Way({ id, children }: { id: string; children: preact.ComponentChildren }) {
  return (
    <a class="row-link" href={hrefWith({ open: id })}>
      {children}
    </a>
  );
}

/** A click on something that does something of its own is not meant for the row. */
function meant(event: MouseEvent): boolean {
  const target = event.target as Element;
  return target.closest("a, button, input, select, summary, video") === null && !getSelection()?.toString();
}
