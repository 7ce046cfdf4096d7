"""A small language for the strict form of a request: every key there, text for everything, codes of their own form.

A check takes a value and the place where it stands, and yields complaints in the national side's own words. None
repeats a value: what came in is personal. Pure. May import: the standard library.

Two things are read generously, because the notes are silent: numbers and codes may be JSON integers as well as text,
and a key that two notes spell differently is known under both names ("TomTat|tomTatNoiDungGiaiQuyet").
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

Check = Callable[[Any, str], Iterator[str]]

_FLAGS = ("0", "1")
_DATE = re.compile(r"[0-9]{2}/[0-9]{2}/[0-9]{4}")
_NUMBER = re.compile(r"[0-9]{1,15}([.,][0-9]{1,4})?")
_AGENCY = re.compile(r"[A-Z]{1,3}[0-9]{3}(\.[0-9A-Z]{2,4})*")
_MAX_TEXT = 1_000_000


class Refused(Exception):
    """The service refuses what it was asked: 200, `Id` empty, and this text as `Message`."""

    def __init__(self, message: str) -> None:
        super().__init__("refused")
        self.message = message


def accept(check: Check, payload: Any) -> None:
    """Refuse a payload with the first complaint about it, if there is any."""
    for complaint in check(payload, ""):
        raise Refused(complaint)


def read(values: Mapping[str, Any], names: str) -> Any:
    """Return the value under whichever of the names is used. Only for values that a check accepted."""
    return next(values[name] for name in names.split("|") if name in values)


def text(value: Any, place: str) -> Iterator[str]:
    """Accept any text; "" stands for an absent value."""
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        yield f"Trường {place} phải là chuỗi ký tự."


def needed(check: Check) -> Check:
    """Return a check that refuses "" as well."""

    def both(value: Any, place: str) -> Iterator[str]:
        if value == "":
            yield f"Chưa nhập {place}."
        yield from check(value, place)

    return both


def one_of(*known: str) -> Check:
    """Return a check for a code of a closed list, or ""."""

    def code(value: Any, place: str) -> Iterator[str]:
        if _plain(value) not in ("", *known):
            yield f"Mã {place} không có trong danh mục."

    return code


def flag(value: Any, place: str) -> Iterator[str]:
    """Accept "0" or "1" as text, or "": JSON's own booleans and numbers are none."""
    if value not in ("", *_FLAGS) or not isinstance(value, str):
        yield f"Trường {place} chỉ nhận 0 hoặc 1."


def date(value: Any, place: str) -> Iterator[str]:
    """Accept a day of the calendar as dd/MM/yyyy, or ""."""
    if value == "":
        return
    good = isinstance(value, str) and _DATE.fullmatch(value) is not None
    if good:
        try:
            datetime.strptime(value, "%d/%m/%Y")  # noqa: DTZ007 - a day has no zone
        except ValueError:
            good = False
    if not good:
        yield f"Ngày {place} không đúng định dạng dd/MM/yyyy."


def number(value: Any, place: str) -> Iterator[str]:
    """Accept a count, an amount or an area, or ""."""
    plain = _plain(value)
    if plain is None or (plain and not _NUMBER.fullmatch(plain)):
        yield f"Trường {place} phải là số."


def agency(value: Any, place: str) -> Iterator[str]:
    """Accept an agency code of the national system's own form (H217.01), or ""."""
    if not isinstance(value, str) or (value and not _AGENCY.fullmatch(value)):
        yield f"Mã cơ quan {place} không hợp lệ."


def file(value: Any, place: str) -> Iterator[str]:
    """Accept the content of a file as base64, or ""."""
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError, TypeError):
        yield f"Tệp {place} không phải base64."


def named_file(values: Mapping[str, Any], place: str) -> Iterator[str]:
    """Refuse a file without a name. A name alone says that there is a file which was not sent."""
    if values["FileDinhKem"] != "" and values["TenFileDinhKem"] == "":
        yield f"{place}: FileDinhKem phải có TenFileDinhKem."


def group(fields: Mapping[str, Check], *also: Check, closed: bool = True) -> Check:
    """Return a check for an object with exactly these keys; `also` looks at the whole once the parts are right.

    Not closed: it may hold further texts, because the notes do not list its keys."""

    def whole(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{place or 'Dữ liệu'} phải là một nhóm trường."
            return
        known = set()
        for names, check in fields.items():
            used = [name for name in names.split("|") if name in value]
            if len(used) != 1:
                yield f"Thiếu trường {_join(place, names.partition('|')[0])}."
                return
            known.add(used[0])
            yield from check(value[used[0]], _join(place, used[0]))
        for name in value:
            if name in known:
                continue
            if closed:
                yield f"{place or 'Dữ liệu'} có trường không được biết."
            else:
                yield from text(value[name], place)
        for check in also:
            yield from check(value, place)

    return whole


def list_of(check: Check, least: int = 0) -> Check:
    """Return a check for a list of at least so many."""

    def members(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, list) or len(value) < least:
            yield f"{place} phải là danh sách, ít nhất {least} dòng."
            return
        for index, each in enumerate(value):
            yield from check(each, f"{place}[{index}]")

    return members


def _plain(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None


def _join(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name
