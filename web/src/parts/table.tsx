/**
 * Tables: sticky head, sorting in the address, columns of one's choice kept in this browser, skeleton rows before the first
 * data, rows that open beside the list. New rows wait while the list is under the pointer.
 */
import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import { keep, keptList } from "../prefs";
import { param, setParams } from "../route";
import { t } from "../text";
import { Button } from "./button";
import { Check } from "./field";
import { useHeld } from "./held";
import { Icon } from "./icon";
import { Menu } from "./menu";
import { Row } from "./row";

export interface Column<T> {
  id: string;
  title: string;
  cell: (row: T) => ComponentChildren;
  /** What to sort by; a column without it cannot be sorted. */
  sort?: (row: T) => string | number | null;
  number?: boolean;
  wide?: boolean;
  /** Not shown unless chosen. */
  extra?: boolean;
}

interface Props<T> {
  id: string;
  label: string;
  columns: readonly Column<T>[];
  /** Null before the first data. */
  rows: readonly T[] | null;
  keyOf: (row: T) => string;
  empty: ComponentChildren;
  opens?: boolean;
  /** The order at first, such as `-created`. */
  sort?: string;
  picked?: ReadonlySet<string>;
  onPick?: (picked: ReadonlySet<string>) => void;
}

/** A browser that draws more rows at once is no longer quick. */
const STEP = 100;

function useColumns<T>(id: string, columns: readonly Column<T>[]) {
  const [chosen, setChosen] = useState<string[]>(
    () => keptList(`columns.${id}`) ?? columns.filter((one) => !one.extra).map((one) => one.id),
  );
  const choose = (column: string, shown: boolean) => {
    const next = shown ? [...chosen, column] : chosen.filter((one) => one !== column);
    keep(`columns.${id}`, next.join(","));
    setChosen(next);
  };
  const shown = useMemo(() => columns.filter((one) => chosen.includes(one.id)), [columns, chosen]);
  return { shown, chosen, choose };
}

export function sorted<T>(rows: readonly T[], columns: readonly Column<T>[], order: string): readonly T[] {
  const down = order.startsWith("-");
  const by = columns.find((one) => one.id === order.replace(/^-/, ""))?.sort;
  if (!by) return rows;
  const compare = (a: T, b: T): number => {
    const [x, y] = [by(a), by(b)];
    if (x === y) return 0;
    // What has no value comes last in both directions.
    if (x === null || y === null) return x === null ? 1 : -1;
    const rising = typeof x === "string" ? x.localeCompare(String(y)) : x - Number(y);
    return down ? -rising : rising;
  };
  return [...rows].sort(compare);
}

export function Table<T>(props: Props<T>) {
  const { columns, keyOf, picked, onPick } = props;
  const { shown, chosen, choose } = useColumns(props.id, columns);
  const [limit, setLimit] = useState(STEP);
  const [over, setOver] = useState(false);
  const [, redraw] = useState(0);
  const order = param("sort") || props.sort || "";
  const fresh = sorted(props.rows ?? [], columns, order);
  const { rows, waiting, release } = useHeld(fresh, keyOf, over, `${location.hash.replace(/open=[^&]*/, "")}`);
  const opened = param("open");
  const all = rows.length > 0 && rows.every((row) => picked?.has(keyOf(row)));
  const pick = (key: string, on: boolean) => {
    const next = new Set(picked);
    if (on) next.add(key);
    else next.delete(key);
    onPick?.(next);
  };
  if (props.rows !== null && props.rows.length === 0) return <div class="table-box">{props.empty}</div>;
  return (
    <div class="table-frame">
      <div class="table-menu">
        <Menu icon="columns" label={t("table.columns")} stays>
          {columns.map((column) => (
            <Check
              key={column.id}
              name={column.title}
              checked={chosen.includes(column.id)}
              disabled={chosen.length === 1 && chosen[0] === column.id}
              onChange={(on) => choose(column.id, on)}
            />
          ))}
        </Menu>
      </div>
      <div class="table-box tall" onPointerEnter={() => setOver(true)} onPointerLeave={() => setOver(false)}>
        {waiting > 0 && (
          <div class="waiting-rows">
            <Button kind="main" tiny onClick={() => (release(), redraw((n) => n + 1))}>
              {t("table.waiting", { n: waiting })}
            </Button>
          </div>
        )}
        <table class="table" role="table" aria-label={props.label} aria-busy={props.rows === null}>
          <thead>
            <tr>
              {onPick && (
                <th class="tick">
                  <input
                    type="checkbox"
                    aria-label={t("table.all")}
                    checked={all}
                    onChange={() => onPick(new Set(all ? [] : rows.map(keyOf)))}
                  />
                </th>
              )}
              {shown.map((column) => (
                <Head key={column.id} column={column} order={order} />
              ))}
              <td class="tick" />
            </tr>
          </thead>
          <tbody>
            {props.rows === null && <SkeletonRows columns={shown.length + (onPick ? 2 : 1)} />}
            {rows.slice(0, limit).map((row) => {
              const key = keyOf(row);
              return (
                <Row
                  key={key}
                  row={row}
                  id={key}
                  columns={shown}
                  opens={props.opens ?? false}
                  opened={opened === key}
                  picked={onPick && (picked?.has(key) ?? false)}
                  onPick={pick}
                />
              );
            })}
          </tbody>
        </table>
        {rows.length > limit && (
          <div class="more-rows">
            <Button onClick={() => setLimit(limit + STEP)}>{t("table.more", { n: Math.min(STEP, rows.length - limit) })}</Button>
            <span class="soft small">{t("table.of", { n: limit, all: rows.length })}</span>
          </div>
        )}
      </div>
    </div>
  );
}

function Head<T>({ column, order }: { column: Column<T>; order: string }) {
  const mine = order.replace(/^-/, "") === column.id;
  const down = mine && order.startsWith("-");
  return (
    <th class={column.number ? "number" : ""} scope="col" aria-sort={mine ? (down ? "descending" : "ascending") : undefined}>
      {column.sort ? (
        <button type="button" onClick={() => setParams({ sort: mine && !down ? `-${column.id}` : column.id })}>
          {column.title}
          {mine && <Icon name={down ? "down" : "up"} />}
        </button>
      ) : (
        column.title
      )}
    </th>
  );
}

function SkeletonRows({ columns }: { columns: number }) {
  return Array.from({ length: 6 }, (_, row) => (
    <tr key={`skeleton-${row}`}>
      {Array.from({ length: columns }, (_, cell) => (
        <td key={cell}>
          <span class="skeleton" />
        </td>
      ))}
    </tr>
  ));
}
