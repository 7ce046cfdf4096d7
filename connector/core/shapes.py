"""What the values of a column look like: days written as text, seconds since 1970, yes and no, codes, rich text.

For `kntc mapping draft`, never for a run: what is found here is a guess that a person reads. A Shape keeps counts, and
as values only what can be a code and nothing else: short, few, and no name.
May import: codes, looks, the standard library.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from connector.core.codes import local_code
from connector.core.looks import Looks

MAX_CODES = 30
"""A column with more distinct values is none of codes."""

MAX_CODE = 12
MAX_LETTERS = 4
"""A longer word of capitals may be a name, and so may every word that begins with one."""

REPEATED = 3
"""So often, on average, must a code without a digit occur: else it may be a name."""

_DAYS = (
    ("day", re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?:[ T].*)?", re.ASCII | re.DOTALL)),
    ("day", re.compile(r"\d{1,2}/\d{1,2}/\d{4}(?: .*)?", re.ASCII | re.DOTALL)),
    ("day_dashes", re.compile(r"\d{1,2}-\d{1,2}-\d{4}", re.ASCII)),
    ("day_compact", re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])", re.ASCII)),
)
_NO_DAYS = ("0000-00-00", "0001-01-01", "1753-01-01", "1900-01-01")
"""How databases spell "no day", with a time of day or without."""

_AMOUNT = re.compile(
    r"[+-]?\d{1,3}(?:[.,]\d{3})*(?:[.,]\d+)?(?:\s*(?:đồng|đ|vnđ|vnd|m2|m²))?", re.IGNORECASE | re.ASCII
)
_HTML = re.compile(r"</?(?:p|br|div|span|b|strong|ul|li|table|font)\b[^>]*>|&nbsp;", re.IGNORECASE)
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,11}", re.ASCII)
_SHORT_NUMBER = re.compile(r"-?\d{1,5}", re.ASCII)
_FLAGS = frozenset({"0", "1", "true", "false", "t", "f", "y", "n", "yes", "no", "có", "không", "co", "khong"})
_EPOCH_S = range(946_684_800, 2_051_222_400)  # 2000 to 2034
_MOST = 0.9

FORMATS = {"day_dashes": "%d-%m-%Y", "day_compact": "%Y%m%d", "epoch_s": "epoch_s", "epoch_ms": "epoch_ms"}
"""What a rule must say to read days of this shape; those that are not here are read without."""

DAYS = frozenset({"day", *FORMATS})


@dataclass(slots=True)
class Shape:
    """What was seen of one column. `filled`: neither NULL nor blank."""

    rows: int = 0
    filled: int = 0
    longest: int = 0
    looks: Looks = field(default_factory=Looks)
    _kinds: Counter[str] = field(default_factory=Counter)
    _html: int = 0
    _flags: int = 0
    _distinct: set[str] = field(default_factory=set)
    _coded: bool = True
    _seen: set[int] = field(default_factory=set)
    _unique: bool = False

    def add(self, value: Any) -> None:
        """Count one value as the driver gave it."""
        self.rows += 1
        if value is None or (isinstance(value, str) and (not value.strip() or value.startswith(_NO_DAYS))):
            return
        self.filled += 1
        self._seen.add(hash(bytes(value) if isinstance(value, (bytearray, memoryview)) else value))
        self._kinds[_kind(value)] += 1
        text = value.strip() if isinstance(value, str) else str(value)
        self.longest = max(self.longest, len(text))
        self._html += isinstance(value, str) and _HTML.search(value) is not None
        self._flags += text.lower() in _FLAGS or value in (b"\0", b"\1")
        self.looks.add(value)
        self._add_code(value)

    def _add_code(self, value: Any) -> None:
        if not self._coded:
            return
        code = local_code(value)
        self._coded = code is not None and len(code) <= MAX_CODE and (code in self._distinct or self._has_room())
        if self._coded and code is not None:
            self._distinct.add(code)
        else:
            self._distinct.clear()

    def _has_room(self) -> bool:
        return len(self._distinct) < MAX_CODES

    @property
    def percent_filled(self) -> int:
        """How much of the column is filled, of what was seen; 0 where nothing was."""
        return round(100 * self.filled / self.rows) if self.rows else 0

    @property
    def name(self) -> str:
        """The one word for it: empty, flag, code, a shape of days, html, text, amount (as text), number, bytes."""
        if not self.filled:
            return "empty"
        for kind in ("day", *FORMATS):
            if self._kinds[kind] + self._kinds["zero"] >= _MOST * self.filled and self._kinds[kind]:
                return kind
        if self._flags == self.filled and len(self._distinct) <= len(("yes", "no")):
            return "flag"
        if self.codes:
            return "code"
        if self._html * 10 >= self.filled:
            return "html"
        return max(("text", "amount", "number", "bytes"), key=lambda kind: (self._kinds[kind], kind == "text"))

    @property
    def is_unique(self) -> bool:
        """Whether every row that was seen has a value, and each its own."""
        return self._unique or (bool(self.rows) and len(self._seen) == self.rows)

    def settle(self) -> None:
        """Forget what only counting needs: there may be many thousand columns. Nothing is added afterwards."""
        self._unique = self.is_unique
        self._seen.clear()

    @property
    def distinct(self) -> int:
        """How many different values there are, as long as they may be codes; 0 where they may not."""
        return len(self._distinct) if self._coded else 0

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes that occur, in order; empty where a value can be anything but a code, such as a name."""
        if not self._coded or not self._distinct or not all(_CODE.fullmatch(c) or c[:1] == "-" for c in self._distinct):
            return ()
        plain = [code for code in self._distinct if not _SHORT_NUMBER.fullmatch(code)]
        if any(
            code.isalpha() and not (code.islower() or (code.isupper() and len(code) <= MAX_LETTERS)) for code in plain
        ):
            return ()
        if plain and self.filled < REPEATED * len(self._distinct):
            return ()
        if any(code.isdecimal() for code in plain):  # of six digits and more: a telephone, a number of a paper
            return ()
        return tuple(sorted(self._distinct, key=lambda code: (len(code), code)))

    @property
    def encoding(self) -> str:
        """The encoding of before Unicode that most of the text looks to be in; "" if it looks like Unicode."""
        for look in self.looks.looks:
            if look not in ("unicode", "other") and self.looks.percent(look) >= 50:  # noqa: PLR2004 - more than half
                return look
        return ""


def _kind(value: Any) -> str:
    if isinstance(value, date):  # a datetime is one, too
        return "day"
    if isinstance(value, str):
        return _text_kind(value.strip())
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "bytes"
    return _number_kind(value)


def _text_kind(text: str) -> str:
    if text == "0":
        return "zero"
    if text.isdecimal() and len(text) in (10, 13) and (kind := _number_kind(int(text))) != "number":
        return kind
    kind = next((kind for kind, pattern in _DAYS if pattern.fullmatch(text)), "")
    return kind or ("amount" if _AMOUNT.fullmatch(text) else "text")


def _number_kind(value: Any) -> str:
    try:
        whole = int(value)  # of a range only a whole number is asked at once; for another it would count through it
    except (TypeError, ValueError, OverflowError):
        return "text"
    if value == 0:
        return "zero"
    if whole in _EPOCH_S:
        return "epoch_s"
    return "epoch_ms" if whole // 1000 in _EPOCH_S else "number"
