"""Days of PostgreSQL that Python cannot hold: they come as the texts that the database writes for them.

`infinity`, `-infinity` (as which the .NET driver writes DateTime.MinValue: many a program's "no date") and
years beyond 9999 would otherwise be an error of the whole page. As texts they are a problem of their own record, or one
of the values that a mapping calls empty.
May import: psycopg, the standard library.
"""

from __future__ import annotations

from typing import Any

from psycopg import DataError
from psycopg.abc import Buffer
from psycopg.types.datetime import DateLoader, TimestampLoader, TimestamptzLoader


def _text(data: Buffer) -> str:
    return bytes(data).decode("ascii", errors="replace")


class _Date(DateLoader):
    def load(self, data: Buffer) -> Any:
        try:
            return super().load(data)
        except DataError:
            return _text(data)


class _Timestamp(TimestampLoader):
    def load(self, data: Buffer) -> Any:
        try:
            return super().load(data)
        except DataError:
            return _text(data)


class _Timestamptz(TimestamptzLoader):
    def load(self, data: Buffer) -> Any:
        try:
            return super().load(data)
        except DataError:
            return _text(data)


def as_texts(connection: Any, _record: object = None) -> None:
    """Let this connection of psycopg give such days as texts. For the event `connect` of an engine."""
    for name, loader in (("date", _Date), ("timestamp", _Timestamp), ("timestamptz", _Timestamptz)):
        connection.adapters.register_loader(name, loader)
