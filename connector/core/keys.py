"""Source keys: how the columns that identify a record become the `local_id` of its document.

    bentre:417                 one column
    bentre:417/H11.01          several, joined with "/"

Inside a part `%`, `/`, `:`, space and control characters are percent-escaped, so a key can be taken apart again.
May import: model, the standard library.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

MAX_BYTES = 128
"""A local_id longer than this in UTF-8 is refused: the national side keeps no more."""

_HALF = re.compile("[\ud800-\udfff]")
_ESCAPED = re.compile("[%/:\x00-\x20\x7f\ud800-\udfff]")


def key_part(value: Any) -> str:
    """Return one key column as text, escaped; "" if the column says nothing (then there is no key).

    3, 3.0 and "3" are the same key, " 3" and "03" are others: what a driver returns must not decide."""
    if value.__class__ is int:
        return str(value)
    text = plain(value)
    if not text.strip():
        return ""
    return _ESCAPED.sub(_escape, text) if _ESCAPED.search(text) else text


def join_key(values: Iterable[Any]) -> str:
    """Return the source key of these columns, in order; "" if one of them says nothing."""
    parts = [key_part(value) for value in values]
    return "/".join(parts) if all(parts) else ""


def split_key(source_key: str) -> tuple[str, ...]:
    """Return the texts that `join_key` joined."""
    return tuple(unquote(part) for part in source_key.split("/"))


def fits(local_id: str) -> bool:
    """Whether the national side can keep this local_id. ASCII is the rule, so bytes are rarely counted."""
    return len(local_id) <= MAX_BYTES and (local_id.isascii() or len(local_id.encode()) <= MAX_BYTES)


def is_whole(value: Any) -> bool:
    """Whether a key column can be written as UTF-8 and so be asked for again; a text of broken bytes cannot."""
    return not isinstance(value, str) or value.isascii() or _HALF.search(value) is None


def plain(value: Any) -> str:
    """Return a code or key column as text, "" if it is null. Only whole numbers equal their text: " 01" stays."""
    match value:
        case None:
            return ""
        case bool():
            return str(int(value))
        case str():
            return value
        case float() | Decimal():
            return str(int(value)) if value == value // 1 else str(value)
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex()
        case date():
            return value.isoformat()
        case _:
            return str(value)


def _escape(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found.group().encode("utf-8", "surrogatepass"))
