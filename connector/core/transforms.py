"""Named field functions: how a column's value becomes a value of the canonical document.

A mapping names one of TRANSFORMS; SQL does everything else. Each is built once with its options and then called
per value; it answers with the canonical value, None ("says nothing": left out), or a Bad ("cannot be read").
A new need is ten tested lines here. Raise VERSION when a function answers differently than before: every record
is then mapped again.
May import: agencies, rich_text, text, the standard library.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

from connector.core.agencies import agency_code
from connector.core.rich_text import without_markup
from connector.core.text import clean, one_line

VERSION = "2"

Read = Callable[[Any], Any]
"""Given a column's value: the canonical value, None, or a Bad."""


@dataclass(frozen=True, slots=True)
class Bad:
    """The value cannot be read: the rule's id, what would be right, of several columns which. Never the value."""

    rule: str
    detail: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """What a rule of a mapping may say beside the transform's name; `zone` comes from mapping.toml."""

    zone: tzinfo
    formats: tuple[str, ...] = ()
    separator: str = ""
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Transform:
    """A named field function, still without its options.

    `targets` are the types of field it can feed (`date` and `date-time` are strings with that format); `options`
    the names of those it understands; `needs` of those it cannot do without."""

    name: str
    targets: frozenset[str]
    build: Callable[[Options], Read]
    options: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()


BAD_TEXT = Bad("E-MAP-TEXT", "valid Unicode")
BAD_DATE = Bad("E-MAP-DATE", "yyyy-mm-dd or dd/mm/yyyy")
BAD_YEAR = Bad("E-MAP-DATE", "a year from 1800 to 2200")
BAD_NUMBER = Bad("E-MAP-NUMBER", "a whole number")
BAD_MONEY = Bad("E-MAP-NUMBER", "a whole number of dong")
BAD_DECIMAL = Bad("E-MAP-NUMBER", "a decimal number")
BAD_SIGN = Bad("E-MAP-NUMBER", "a decimal number whose decimal sign is certain: option separator")
BAD_AGENCY = Bad("E-MAP-AGENCY", "H51 or H51.01")
BAD_FLAG = Bad("E-MAP-FLAG", "1 or 0, true or false, có or không")


# --- text


def _string(value: Any) -> str | Bad | None:
    """The value as cleaned text: what every transform that reads text starts with."""
    if value.__class__ is str:
        cleaned = clean(value)
        return BAD_TEXT if cleaned is None else cleaned or None
    match value:
        case None | Bad():  # a Bad: the column's declared encoding could not be decoded
            return value
        case bool():
            return str(int(value))
        case float() | Decimal():
            return _decimal_text(Decimal(str(value)))
        case bytes() | bytearray() | memoryview():
            try:
                return _string(bytes(value).decode())
            except UnicodeDecodeError:
                return BAD_TEXT
        case date():
            return value.isoformat()
        case _:
            return _string(str(value))


def _text(_: Options) -> Read:
    return _string


def _line(_: Options) -> Read:
    def read(value: Any) -> str | Bad | None:
        text = _string(value)
        return one_line(text) if isinstance(text, str) else text

    return read


def _part(options: Options) -> Read:
    separator, index = options.separator, options.index or 0

    def read(value: Any) -> str | Bad | None:
        text = _string(value)
        if not isinstance(text, str):
            return text
        parts = text.split(separator)
        return one_line(parts[index]) or None if -len(parts) <= index < len(parts) else None

    return read


def _agency(_: Options) -> Read:
    def read(value: Any) -> str | Bad | None:
        text = _string(value)
        return (agency_code(text) or BAD_AGENCY) if isinstance(text, str) else text

    return read


def _html(_: Options) -> Read:
    def read(value: Any) -> str | Bad | None:
        text = _string(value)
        return _string(without_markup(text)) if isinstance(text, str) else text

    return read


# --- days and instants

_CLOCK = r"(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?"
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})" + _CLOCK + r" ?(Z|[+-]\d{2}:?\d{2})?", re.ASCII)
_LOCAL = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})" + _CLOCK, re.ASCII)

# How real systems spell "no date": zero dates, and the first day that their database or runtime can hold.
_NO_DAY = ("0000-00-00", "1753-01-01", "0001-01-01", "00/00/0000", "01/01/1753", "01/01/0001")
_NO_DAYS = (date(1753, 1, 1), date(1, 1, 1))
_YEARS = range(1800, 2201)
_EPOCH = {"epoch_s": 1, "epoch_ms": 1000}


def _moment(value: Any, formats: tuple[str, ...]) -> datetime | Bad | None:
    """The value as a datetime, aware only if the value itself says its zone; a mere day is its midnight."""
    if isinstance(value, datetime):
        found = value
    elif isinstance(value, date):
        found = datetime.combine(value, time())
    else:
        text = _string(value)
        if not isinstance(text, str):
            return text
        if text.startswith(_NO_DAY) or (text == "0" and not _EPOCH.keys() & {*formats}):  # 1970 only where it is meant
            return None
        read = _by_formats(text, formats) if formats else _by_habit(text)
        if read is None:
            return Bad("E-MAP-DATE", " or ".join(formats)) if formats else BAD_DATE
        found = read
    if found.date() in _NO_DAYS:
        return None
    return found if found.year in _YEARS else BAD_YEAR


def _by_habit(text: str) -> datetime | None:
    """yyyy-mm-dd, or dd/mm/yyyy as written in Viet Nam, each with or without a time of day."""
    try:
        if found := _ISO.fullmatch(text):
            year, month, day, *clock, zone = found.groups()
            read = _at(date(int(year), int(month), int(day)), *clock)
            return read if zone is None else datetime.fromisoformat(read.isoformat() + zone)
        if found := _LOCAL.fullmatch(text):
            day, month, year, *clock = found.groups()
            return _at(date(int(year), int(month), int(day)), *clock)
    except ValueError:  # 30 February, 25:61
        return None
    return None


def _at(day: date, hour: str | None, minute: str | None, second: str | None, part: str | None) -> datetime:
    fraction = int((part or "0").ljust(6, "0")[:6])
    return datetime.combine(day, time(int(hour or 0), int(minute or 0), int(second or 0), fraction))


def _by_formats(text: str, formats: tuple[str, ...]) -> datetime | None:
    for wanted in formats:
        try:
            if wanted in _EPOCH:
                return datetime.fromtimestamp(int(text) / _EPOCH[wanted], UTC)
            return datetime.strptime(text, wanted)  # noqa: DTZ007 - the mapping's zone is added by the caller
        except (ValueError, OverflowError, OSError):
            continue
    return None


def _date(options: Options) -> Read:
    zone, formats = options.zone, options.formats

    def read(value: Any) -> str | Bad | None:
        found = _moment(value, formats)
        if not isinstance(found, datetime):
            return found
        # An aware midnight of ours is the evening before in UTC: the day is the one people lived in.
        return (found if found.tzinfo is None else found.astimezone(zone)).date().isoformat()

    return read


def _instant(options: Options) -> Read:
    zone, formats = options.zone, options.formats

    def read(value: Any) -> str | Bad | None:
        found = _moment(value, formats)
        if not isinstance(found, datetime):
            return found
        aware = found.replace(tzinfo=zone) if found.tzinfo is None else found
        return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    return read


# --- numbers

_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+|[+-]?\d{1,3}(?:,\d{3}){2,}", re.ASCII)
_NO_CENTS = re.compile(r"[.,]0{1,4}$", re.ASCII)
_CURRENCY = re.compile(r"\s*(?:đồng|đ|vnđ|vnd)\.?$", re.IGNORECASE)
_AREA = re.compile(r"\s*(?:m2|m²)$", re.IGNORECASE)
_PLAIN = re.compile(r"[+-]?\d{1,18}(?:\.\d{1,9})?", re.ASCII)
_UNCERTAIN = re.compile(r"[+-]?\d{1,3}\.\d{3}", re.ASCII)
_SAFE = 2**53
_DIGITS = 40


def _exact(value: float | Decimal) -> int | None:
    """A number type's value if it is whole and small enough to be the number somebody typed."""
    if isinstance(value, Decimal) and not value.is_finite():  # a NaN cannot be compared
        return None
    return int(value) if -_SAFE < value < _SAFE and value == int(value) else None


def _integer(_: Options) -> Read:
    def read(value: Any) -> int | Bad | None:
        if isinstance(value, (int, float, Decimal)):
            number = _exact(value)
            return BAD_NUMBER if number is None else number
        text = _string(value)
        if not isinstance(text, str):
            return text
        return int(text) if _WHOLE.fullmatch(text) else BAD_NUMBER

    return read


def _money(_: Options) -> Read:
    """Dong have no cents: `12.500.000`, `12.500.000 đ`, 12500000.00 are the same; 12.5 is not an amount."""

    def read(value: Any) -> int | Bad | None:
        if isinstance(value, (int, float, Decimal)):
            number = _exact(value)
            return BAD_MONEY if number is None else number
        text = _string(value)
        if not isinstance(text, str):
            return text
        text = _CURRENCY.sub("", text)
        if not _GROUPED.fullmatch(text):
            text = _NO_CENTS.sub("", text)
        if _GROUPED.fullmatch(text):
            text = text.replace(".", "").replace(",", "")
        return int(text) if _WHOLE.fullmatch(text) else BAD_MONEY

    return read


def _decimal(options: Options) -> Read:
    """A decimal as text without exponent or closing zeros.

    In text, `1.234` is 1234 to one clerk and 1,234 to the next: without the option `separator` (the decimal sign)
    it is refused rather than guessed."""
    sign = options.separator

    def read(value: Any) -> str | Bad | None:
        if isinstance(value, (int, float, Decimal)):
            return _decimal_text(Decimal(str(value))) or BAD_DECIMAL
        text = _string(value)
        if not isinstance(text, str):
            return text
        text = _AREA.sub("", text)
        if not sign and _UNCERTAIN.fullmatch(text):
            return BAD_SIGN
        if sign == "," or (not sign and "," in text):
            text = text.replace(".", "").replace(",", ".")
        elif sign == ".":
            text = text.replace(",", "")
        return _decimal_text(Decimal(text)) or BAD_DECIMAL if _PLAIN.fullmatch(text) else BAD_DECIMAL

    return read


def _decimal_text(number: Decimal) -> str | None:
    """The number without exponent and closing zeros; None for infinities, NaN, and what is absurdly long."""
    try:
        if not number.is_finite() or abs(number.adjusted()) > _DIGITS:
            return None
        text = f"{number:f}"
    except InvalidOperation:
        return None
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


# --- yes and no

_YES = frozenset({"1", "true", "t", "y", "yes", "có"})
_NO = frozenset({"0", "false", "f", "n", "no", "không"})


def _flag(_: Options) -> Read:
    def read(value: Any) -> bool | Bad | None:
        if value.__class__ is bool:
            return value
        if value in (b"\x00", b"\x01"):  # how MySQL's BIT(1) arrives
            return bool(value == b"\x01")
        text = _string(value)
        if not isinstance(text, str):
            return text
        text = text.lower()
        return True if text in _YES else False if text in _NO else BAD_FLAG

    return read


def _not_flag(options: Options) -> Read:
    flag = _flag(options)

    def read(value: Any) -> bool | Bad | None:
        found = flag(value)
        return not found if isinstance(found, bool) else found

    return read


def valid_format(wanted: str) -> bool:
    """Whether `formats` may hold this: epoch_s, epoch_ms, or a strptime pattern that reads a whole day."""
    if wanted in _EPOCH:
        return True
    day = datetime(2001, 2, 3, tzinfo=UTC)
    try:
        return datetime.strptime(day.strftime(wanted), wanted).date() == day.date()  # noqa: DTZ007 - only the day
    except (ValueError, re.error):
        return False


_STRING, _DAY, _MOMENT = frozenset({"string"}), frozenset({"date"}), frozenset({"date-time"})
_INTEGER, _BOOLEAN = frozenset({"integer"}), frozenset({"boolean"})

TRANSFORMS: dict[str, Transform] = {
    t.name: t
    for t in (
        Transform("text", _STRING, _text),
        Transform("line", _STRING, _line),
        Transform("html", _STRING, _html),
        Transform("part", _STRING, _part, frozenset({"separator", "index"}), frozenset({"separator"})),
        Transform("agency_code", _STRING, _agency),
        Transform("date", _DAY, _date, frozenset({"formats"})),
        Transform("instant", _MOMENT, _instant, frozenset({"formats"})),
        Transform("integer", _INTEGER, _integer),
        Transform("money", _INTEGER, _money),
        Transform("decimal", _STRING, _decimal, frozenset({"separator"})),
        Transform("flag", _BOOLEAN, _flag),
        Transform("not_flag", _BOOLEAN, _not_flag),
    )
}

DEFAULT: dict[str, str] = {
    "string": "text",
    "date": "date",
    "date-time": "instant",
    "integer": "integer",
    "boolean": "flag",
}
"""The transform of a rule that names none, by the target's type."""
