"""Pages of a table in a total order: by time, then by key, from where another page ended."""

from collections.abc import Mapping, Sequence

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


class Holds(msgspec.Struct, frozen=True):
    """Words that a column must hold, in any case of (ASCII) letters."""

    words: str


Filter = str | Sequence[str] | Holds | None
"""What a column must equal, or one of what it must equal, or words that it must hold; None: anything."""

_WILD = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})


def like(words: str) -> str:
    """A pattern for `LIKE ? ESCAPE '\\'` that fits whatever holds these very words."""
    return f"%{words.translate(_WILD)}%"


def page_of(db: Database, columns: str, order: Order, filters: Mapping[str, Filter], cut: Cut) -> list[Row]:
    """The `columns` of the rows that fit every filter; no rows when `cut.after` is not known."""
    conditions: list[str] = []
    values: list[object] = []
    for column, wanted in filters.items():
        if isinstance(wanted, str):
            conditions.append(f"{column} = ?")
            values.append(wanted)
        elif isinstance(wanted, Holds):
            conditions.append(f"{column} LIKE ? ESCAPE '\\'")
            values.append(like(wanted.words))
        elif wanted is not None:
            conditions.append(f"{column} IN ({', '.join('?' * len(wanted))})")
            values.extend(wanted)
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
