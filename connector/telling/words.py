"""The words of the program: one catalogue, two languages, numbers and dates as in Vietnam.

    say = Words("vi")
    say("state.pending")                    "Chờ gửi"
    say("sync.read", rows=1754)             "1.754 hồ sơ…"
    say.error("E-LOCKED", holder="pid 7")   what, why, what next

A *message id* is the dotted path in `messages.toml`. Values are shown as people read them: whole numbers with their
thousands, instants in Vietnam's time. Nothing here knows what is said where.
May import: the standard library.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

CATALOGUE = Path(__file__).resolve().parent.parent / "messages.toml"

LANGUAGES = ("vi", "en")

NO_BREAK = "\N{NO-BREAK SPACE}"
"""Keeps two words on one line; printed as a space."""

_HOLDER = re.compile(r"pid (?P<pid>\d+) (?P<at>\d{4}-\d\d-\d\dT\S+)")

HERE = ZoneInfo("Asia/Ho_Chi_Minh")
"""The zone in which people read times. Machines read UTC."""

_SECONDS_A_MINUTE, _SECONDS_AN_HOUR, _SECONDS_A_DAY = 60, 3_600, 86_400


@dataclass(frozen=True, slots=True)
class ErrorText:
    """An error in words: what happened, why or where, and what to do next."""

    id: str
    what: str
    why: str
    next: str


class Words:
    """All messages in one language."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else "en"

    def __call__(self, id_: str, **values: object) -> str:
        """Return the message with its values filled in; a value that it names and nobody gave shows as "…".

        An id that the catalogue does not know comes back as it is: a missing word must not hide what happened."""
        template = messages().get(id_, {}).get(self.language)
        if template is None:
            return id_
        if self.language == "en":
            template = _singular(template, [name for name, value in values.items() if value == 1])
        return template.format_map(_Values(self, values))

    def has(self, id_: str) -> bool:
        """Return whether the catalogue knows this id."""
        return id_ in messages()

    def first(self, *ids: str, **values: object) -> str:
        """Return the message of the first id that the catalogue knows, else the last id as it is."""
        return self(next((id_ for id_ in ids if self.has(id_)), ids[-1]), **values)

    def label(self, group: str, name: str) -> str:
        """Return `group.name` in words; the name itself, made harmless, where nobody has translated it."""
        return self(f"{group}.{name}") if self.has(f"{group}.{name}") else plain(name)

    def error(self, id_: str, **values: object) -> ErrorText:
        """Return what the catalogue says of an error id."""
        if not self.has(f"{id_}.what"):
            return ErrorText(id_, id_, "", self("error.no_page"))
        parts = {part: self(f"{id_}.{part}", **values) for part in ("what", "why", "next")}
        return ErrorText(id_, **parts)

    def expected(self, text: str) -> str:
        """Return in this language what a checker said would be right (checkers speak English to each other)."""
        return self.said("expected", text, one=self.expected, other=self.expected)

    def said(self, group: str, text: str, **inner: Callable[[str], str]) -> str:
        """Return in this language a sentence that somebody else said in the English of `group.*`; as it is, but made
        harmless, where the catalogue does not know it. `inner`: how some of its values are said."""
        for pattern, id_ in _phrases(group) if self.language != "en" else ():
            if found := pattern.fullmatch(text):
                values = found.groupdict()
                return self(id_, **{n: inner[n](v) if n in inner else v for n, v in values.items()})
        return plain(text)

    def english(self, id_: str) -> str:
        """Return the English of a message, as others wrote it."""
        return messages()[id_]["en"]

    # --- numbers and times ---

    def number(self, value: float) -> str:
        """Return 1754 as `1.754`, 0.4 as `0,4`; with the separators turned round in English."""
        text = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
        return text.translate(str.maketrans(",.", ".,")) if self.language == "vi" else text

    def instant(self, at: datetime) -> str:
        """Return `12/11/2026 14:20`, Vietnam's time."""
        return at.astimezone(HERE).strftime("%d/%m/%Y %H:%M")

    def second(self, at: datetime) -> str:
        """Return `12/11/2026 14:20:05`, Vietnam's time: where the order within a minute matters."""
        return at.astimezone(HERE).strftime("%d/%m/%Y %H:%M:%S")

    def holder(self, noted: str) -> str:
        """Return who holds the stage lock, as noted there (`pid 7 2026-11-26T01:24:55+00:00`), in words."""
        process = _HOLDER.fullmatch(noted)
        if process is None:
            return self("error.somebody") if noted == "?" else plain(noted)
        return self("error.holder", pid=process["pid"], at=self.instant(utc(process["at"])))

    def moment(self, at: datetime, now: datetime) -> str:
        """Return an instant as short as it can be understood: `14:20` today, `12/11 14:20` this year."""
        here, today = at.astimezone(HERE), now.astimezone(HERE)
        if here.date() == today.date():
            return here.strftime("%H:%M")
        return here.strftime("%d/%m %H:%M" if here.year == today.year else "%d/%m/%Y %H:%M")

    def day(self, at: date) -> str:
        """Return `12/11/2026`."""
        return at.strftime("%d/%m/%Y")

    def day_of(self, at: datetime) -> str:
        """Return the day of an instant in Vietnam."""
        return self.day(at.astimezone(HERE).date())

    def span(self, seconds: float) -> str:
        """Return a duration in its largest sensible unit: `41 giây`, `10 phút`, `6 ngày`."""
        for unit, length in (("days", _SECONDS_A_DAY), ("hours", _SECONDS_AN_HOUR), ("minutes", _SECONDS_A_MINUTE)):
            if seconds >= length * (1 if unit != "minutes" else 2):
                return self(f"span.{unit}", count=int(seconds // length))
        return self("span.seconds", count=max(round(seconds), 0))


_ONE = (
    ("agencies", "agency"), ("entries", "entry"), ("statuses", "status"), ("are", "is"), ("were", "was"),
    ("have", "has"), ("wait", "waits"), ("stand", "stands"), ("agree", "agrees"), ("mean", "means"), ("s", ""),
)  # fmt: skip
"""Endings of an English word after a count of many, and after one."""

_COUNTED = (
    "agencies|answers|blocks|bytes|changes|characters|codes|columns|days|decisions|effects|entries|ids|items|keys|kinds"
    "|lists|mistakes|outcomes|places|problems|records|references|requests|rows|rules|sendings|statuses|texts|versions"
)


def _singular(template: str, ones: Sequence[str]) -> str:
    """Return an English message in which these values are 1: `{count} records wait` -> `{count} record waits`."""
    for name in ones:
        noun = rf"(\{{{name}\}}(?: [a-z]+){{0,3}}? )({_COUNTED})\b(?: (are|were|have|wait|stand|agree)\b)?"
        template, found = re.subn(noun, _for_one, template, count=1)
        if not found:
            template = re.sub(rf"(\{{{name}\}} )(are|have|wait)\b()", _for_one, template, count=1)
    return template


def _for_one(found: re.Match[str]) -> str:
    words = [_one(word) for word in found.groups()[1:] if word]
    return found[1] + " ".join(words)


def _one(word: str) -> str:
    return next(word.removesuffix(many) + one for many, one in _ONE if word.endswith(many))


class _Values(dict[str, object]):
    """The values of a message, as people read them."""

    def __init__(self, words: Words, values: Mapping[str, object]) -> None:
        super().__init__(values)
        self._words = words

    def __getitem__(self, name: str) -> str:
        value = self.get(name, "…")
        return str(value) if name in _NO_QUANTITY else _shown(self._words, value)


_NO_QUANTITY = ("port", "line", "column")
"""Values that are numbers but count nothing: no thousands in them."""


def _shown(words: Words, value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return words.number(value)
        case datetime():
            return words.instant(value)
        case date():
            return words.day(value)
        case _:
            return plain(str(value))


def plain(text: str) -> str:
    """Return the text on one line, without control characters: what came from elsewhere must not steer a terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


@lru_cache(maxsize=1)
def messages() -> Mapping[str, Mapping[str, str]]:
    """Return the whole catalogue: message id -> language -> template."""
    with CATALOGUE.open("rb") as file:
        return dict(_flat(tomllib.load(file), ""))


def _flat(table: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    for name, value in table.items():
        here = f"{path}.{name}" if path else name
        if set(value) <= set(LANGUAGES):
            yield here, value
        else:
            yield from _flat(value, here)


@lru_cache(maxsize=8)
def _phrases(group: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """The phrases of others as patterns, longest first, so that the most specific one matches."""
    known = [(words["en"], id_) for id_, words in messages().items() if id_.startswith(f"{group}.")]
    return tuple((_pattern(english), id_) for english, id_ in sorted(known, key=lambda pair: -len(pair[0])))


def _pattern(english: str) -> re.Pattern[str]:
    escaped = re.escape(english)
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", escaped))


def language_of(asked: str | None, configured: str | None = None) -> str:
    """Return the language to speak: asked for, else configured, else the machine's if it is Vietnamese, else en."""
    for language in (asked, configured):
        if language in LANGUAGES:
            return str(language)
    machine = os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return "vi" if machine.startswith("vi") else "en"


def utc(text: str) -> datetime:
    """Return an ISO instant as an aware UTC datetime."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def clipped(text: str, width: int) -> str:
    """Return the text, shortened with an ellipsis where it is longer than `width`."""
    return text if len(text) <= width else text[: width - 1] + "…"
