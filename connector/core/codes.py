"""Code lists, which are ours, and code maps, which say what an agency's own codes mean in them.

A code list freezes the words of the law and the reporting forms (`schemas/codes/*.json`). A code map belongs to one
source system (`mappings/<system>/codes/*.toml`). Nothing is guessed: a local code that a map does not name is an
error of that record, unless the map says in so many words that such codes are left out.
May import: section, text, errors, the standard library.
"""

from __future__ import annotations

import difflib
import math
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal

from connector.core.section import SHOWN
from connector.core.text import folded
from connector.errors import ConfigProblem

Language = Literal["vi", "en"]

SHORT_LIST = 12
"""A message names all codes of a list that is no longer than this."""

ABSENT = ""
"""What a lookup answers for a local code that means "nothing stated": the field is left out."""


@dataclass(frozen=True, slots=True)
class Code:
    """One entry of a code list. `valid_to` is its last day; None means without a bound."""

    code: str
    labels: Mapping[str, str]
    source: str
    valid_from: date | None
    valid_to: date | None

    def valid_on(self, day: date) -> bool:
        """Say whether the code was in use on that day, its first and last day included."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True, eq=False)
class CodeList:
    """A named, closed list of codes in the order of the law or form it was taken from. Equal to itself alone."""

    name: str
    titles: Mapping[str, str]
    source: str
    codes: Mapping[str, Code]

    @classmethod
    def compile(cls, document: Mapping[str, Any]) -> CodeList:
        """Take the parsed content of `schemas/codes/<name>.json`.

        A file that is not of that form raises KeyError or ValueError: the lists ship with the program, so no admin
        can be asked to repair one."""
        codes = [
            Code(
                entry["code"],
                MappingProxyType({"vi": entry["vi"], "en": entry["en"]}),
                entry["source"],
                _day(entry.get("valid_from")),
                _day(entry.get("valid_to")),
            )
            for entry in document["codes"]
        ]
        by_code = {code.code: code for code in codes}
        if len(by_code) != len(codes):
            raise ValueError(f"code list {document['name']}: a code stands twice")
        titles = MappingProxyType({"vi": document["title"]["vi"], "en": document["title"]["en"]})
        return cls(document["name"], titles, document["source"], MappingProxyType(by_code))

    def __contains__(self, code: object) -> bool:
        if self is FREE_TEXT:
            return isinstance(code, str) and bool(code.strip())
        return isinstance(code, str) and code in self.codes

    def label(self, code: str, language: Language) -> str:
        """The words for a code; the code itself if the list does not know it (the national side may be ahead)."""
        known = self.codes.get(code)
        return known.labels[language] if known else code


FREE_TEXT = CodeList("free", MappingProxyType({}), "", MappingProxyType({}))
"""What a map is into that names no code of ours: the operator's own table, such as the national code of each office."""


@dataclass(frozen=True, slots=True)
class CodeMap:
    """What the codes of one local list mean in one of ours.

    match "exact": the local code as a whole. "prefix": the longest entry that equals it or ends at one of its dots
    (`KN.01` answers for `KN.01.02`, not for `KN.011`). "folded": as a whole, blind to letter case and punctuation, for
    what people typed. out_of_date "keep": what it answers may be older or younger than the law's own dates for it.
    `default` is our code for every one that has no entry."""

    name: str
    list: CodeList
    source: str
    match: Literal["exact", "prefix", "folded"]
    unmapped: Literal["error", "absent"]
    entries: Mapping[str, str]
    out_of_date: Literal["error", "keep"] = "error"
    default: str = ""

    def lookup(self, value: object) -> str | None:
        """Return our code for a value as the driver gave it.

        ABSENT if the field is to be left out; None if the code is not mapped, which is an error of the record."""
        local = local_code(value)
        found = None if local is None else self._find(local)
        if found is None and (self.default or self.unmapped == "absent"):
            return self.default or ABSENT
        return found

    def _find(self, local: str) -> str | None:
        if self.match != "prefix":
            return self.entries.get(_entry(local, self.match))
        while local:
            if local in self.entries:
                return self.entries[local]
            local = local.rpartition(".")[0]
        return None


def local_code(value: object) -> str | None:
    """Return the text by which a map knows a local code, or None for what can be no code (bytes, dates, 1.5).

    Integer-valued numbers equal their digits, since one driver says 1 where another says 1.0 or true. Texts only
    lose their outer space: "01" and "1" are two codes."""
    match value:
        case str():
            return unicodedata.normalize("NFC", value).strip()
        case int():
            return str(int(value))
        case float() | Decimal() if math.isfinite(value) and value == int(value):
            return str(int(value))
        case _:
            return None


def compile_code_map(
    file: str, document: Mapping[str, Any], lists: Mapping[str, CodeList]
) -> tuple[CodeMap | None, tuple[ConfigProblem, ...]]:
    """Return the map, with everything that is wrong in the parsed file, found in one pass; a map with problems is good
    for nothing but to check what refers to it, and None where not even that can be done.

    Keys: `name`, `list`, `source`, `[map]`, optional `match` (exact), `unmapped` (error) or `default`, `out_of_date`
    (error), and `absent`: local codes that mean "nothing stated" (the "0 - not chosen" of many forms)."""
    lists = {**lists, FREE_TEXT.name: FREE_TEXT}
    problems = tuple(_problems(file, document, lists))
    target = lists.get(str(document.get("list", "")))
    if target is None or not isinstance(document.get("name"), str) or not isinstance(document.get("map"), dict):
        return None, problems
    absent = document.get("absent", ())
    match = document.get("match", "exact")
    entries = {_entry(str(local), match): code for local, code in document["map"].items() if code in target}
    entries |= {_entry(str(local), match): ABSENT for local in (absent if isinstance(absent, list) else ())}
    return CodeMap(
        name=document["name"],
        list=target,
        source=str(document.get("source", "")),
        match=match,
        unmapped=document.get("unmapped", "error"),
        entries=MappingProxyType(entries),
        out_of_date=document.get("out_of_date", "error"),
        default=str(document.get("default", "")),
    ), problems


def _entry(local: str, match: object) -> str:
    """The local code as the map's entries are kept."""
    return folded(local) if match == "folded" else str(local_code(local))


_TYPES: Mapping[str, type] = {
    "name": str,
    "list": str,
    "source": str,
    "match": str,
    "unmapped": str,
    "out_of_date": str,
    "default": str,
    "absent": list,
    "map": dict,
}
_WORDS: Mapping[type, str] = {str: "a text", list: "a list of texts", dict: "a table"}
_REQUIRED = ("name", "list", "source", "map")
_CHOICES = {
    "match": ("exact", "prefix", "folded"),
    "unmapped": ("error", "absent"),
    "out_of_date": ("error", "keep"),
}


def _problems(file: str, document: Mapping[str, Any], lists: Mapping[str, CodeList]) -> Iterator[ConfigProblem]:
    for key in document:
        if key not in _TYPES:
            yield ConfigProblem(
                "E-CFG-UNKNOWN-KEY", file=file, key=key, found=key, expected=f"one of: {', '.join(_TYPES)}"
            )
    for key in _REQUIRED:
        if key not in document:
            yield ConfigProblem("E-CFG-MISSING", file=file, key=key, found="", expected=_WORDS[_TYPES[key]])
    typed: dict[str, Any] = {
        key: value for key, value in document.items() if isinstance(value, _TYPES.get(key, object))
    }
    for key in document.keys() - typed.keys():
        found = repr(document[key])[:SHOWN]
        yield ConfigProblem("E-CFG-TYPE", file=file, key=key, found=found, expected=_WORDS[_TYPES[key]])
    for key, allowed in _CHOICES.items():
        if typed.get(key, allowed[0]) not in allowed:
            expected = f"one of: {', '.join(allowed)}"
            yield ConfigProblem("E-CFG-CODES", file=file, key=key, found=typed[key], expected=expected)
    if "list" in typed and typed["list"] not in lists:
        expected = f"one of: {', '.join(sorted(lists))}"
        yield ConfigProblem("E-CFG-CODES", file=file, key="list", found=typed["list"], expected=expected)
    yield from _entry_problems(file, typed, lists.get(typed.get("list", "")))


def _entry_problems(file: str, typed: Mapping[str, Any], target: CodeList | None) -> Iterator[ConfigProblem]:
    seen: set[str] = set()
    named = [(f"map.{local}", local) for local in typed.get("map", {})]
    for key, local in [*named, *(("absent", local) for local in typed.get("absent", ()))]:
        entry = _entry(local, typed.get("match")) if isinstance(local, str) else ""
        if not entry:
            yield ConfigProblem("E-CFG-CODES", file=file, key=key, found=str(local), expected="text")
        elif entry in seen:
            yield ConfigProblem("E-CFG-CODES", file=file, key=key, found=entry, expected="each code once")
        seen.add(entry)
    if "default" in typed and "unmapped" in typed:
        expected = "default or unmapped, not both"
        yield ConfigProblem("E-CFG-CODES", file=file, key="unmapped", found=typed["unmapped"], expected=expected)
    given = [(f"map.{local}", code) for local, code in typed.get("map", {}).items()]
    for key, code in [*given, *(("default", typed[key]) for key in ("default",) if key in typed)]:
        if target is not None and code not in target:
            expected = _nearest(str(code), target)
            yield ConfigProblem("E-CFG-CODES", file=file, key=key, found=str(code), expected=expected)


def _nearest(code: str, target: CodeList) -> str:
    """Say which codes there are: the one that was probably meant, else a short list whole."""
    if target is FREE_TEXT:
        return "a text that is not blank"
    near = difflib.get_close_matches(code, target.codes, n=1)
    if near:
        return f"a code of the list {target.name}, such as {near[0]}"
    if len(target.codes) <= SHORT_LIST:
        return f"one of: {', '.join(target.codes)}"
    return f"a code of the list {target.name}"


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
