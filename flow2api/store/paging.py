"""Pages of a table in a total order: by time, then by key, from where another page ended."""

from collections.abc import Mapping

import msgspec

from flow2api.store.database import Database, Row


class Order(msgspec.Struct, frozen=True):
    """A table and the two columns that put its rows in order; `key` is unique."""

    table: str
    time: str
    key: str


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of the table: where to begin, how much, which way."""

    after: str | None
    """Key of the row before the first one, None to begin at the start."""
    limit: int
    ascending: bool = False


def page_of(db: Database, columns: str, order: Order, filters: Mapping[str, str | None], cut: Cut) -> list[Row]:
    """The `columns` of the rows that equal every filter which is not None; no rows when `cut.after` is not known."""
    chosen = {column: value for column, value in filters.items() if value is not None}
    conditions = [f"{column} = ?" for column in chosen]
    values: list[object] = list(chosen.values())
    if cut.after is not None:
        start = db.row(f"SELECT {order.time}, {order.key} FROM {order.table} WHERE {order.key} = ?", (cut.after,))
        if start is None:
            return []
        conditions.append(f"({order.time}, {order.key}) {'>' if cut.ascending else '<'} (?, ?)")
        values.extend(start)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    way = "ASC" if cut.ascending else "DESC"
    sql = f"SELECT {columns} FROM {order.table} {where} ORDER BY {order.time} {way}, {order.key} {way} LIMIT ?"
    return db.rows(sql, (*values, cut.limit))
