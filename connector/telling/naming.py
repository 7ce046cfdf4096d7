"""How people name things on the command line: kinds, states, causes, records, days.

May import: words, core.model, errors.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from connector.core.model import KINDS, Cause, Kind, RecordKey, State
from connector.errors import DataError
from connector.telling.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from connector.app import App

LISTS = ("returned", "blocked", "exposed", "gone", "excluded")
"""Not states of a delivery, but lists that people ask for by the same option."""

ALIASES: dict[str, Kind] = {
    "luottiep": Kind.RECEPTION,
    "tiepdan": Kind.RECEPTION,
    "tiepcongdan": Kind.RECEPTION,
    "don": Kind.PETITION,
    "xulydon": Kind.HANDLING,
    "xuly": Kind.HANDLING,
    "thuly": Kind.ACCEPTANCE,
    "qdketluan": Kind.DECISION,
    "quyetdinh": Kind.DECISION,
    "ketluan": Kind.DECISION,
    "qd": Kind.DECISION,
    "thihanh": Kind.ENFORCEMENT,
}
"""Vietnamese names of the kinds, folded: no marks, no blanks, lower case."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records a list is about; None: all."""

    state: str | None = None
    kind: Kind | None = None
    cause: str | None = None


def kind_of_source(say: Words, name: str) -> str:
    """Return a kind in words, behind it its source where an agency has several: `petition@book` -> `Đơn (book)`."""
    kind, _, source = name.partition("@")
    return f"{say.label('kind', kind)} ({source})" if source else say.label("kind", kind)


def program() -> str:
    """Return what to type to run this very program: `kntc` where that is it, else its path, short if it lies below
    the folder we are in."""
    import shutil
    import sys
    from pathlib import Path

    beside = Path(sys.executable).parent / "kntc"
    started = Path(sys.argv[0]) if Path(sys.argv[0]).name == "kntc" else beside
    found = shutil.which("kntc")
    if not started.is_file() or (found and Path(found).resolve() == started.resolve()):
        return "kntc"
    return short_path(started.absolute())


def short_path(path: Path) -> str:
    """Return the path as one would type it here, quoted for the shell."""
    import shlex
    from pathlib import Path

    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


def folded(text: str) -> str:
    """Return the text without marks, blanks, hyphens and commas, lower case: `Xử lý đơn` -> `xulydon`."""
    bare = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(c for c in bare if c.isalnum())


def kind_or_none(text: str) -> Kind | None:
    """Return the kind that a word means, None if it means none."""
    name = folded(text)
    return next((kind for kind in KINDS if folded(kind) == name), None) or ALIASES.get(name)


def kind_named(say: Words, text: str) -> Kind:
    """Return the kind that was named. Raises DataError with all names."""
    kind = kind_or_none(text)
    if kind is None:
        known = ", ".join(f"{kind} ({say.label('kind', kind)})" for kind in KINDS)
        raise DataError("E-KIND-UNKNOWN", kind=text[:40], known=known)
    return kind


def state_named(say: Words, text: str) -> str:
    """Return the state or list that was named, by its word or its label. Raises DataError with all names."""
    names = (*(str(state) for state in State), *LISTS)
    name = folded(text)
    found = next((n for n in names if folded(n) == name or folded(say.label("state", n)) == name), None)
    if found is None:
        raise DataError("E-STATE-UNKNOWN", state=text[:40], known=", ".join(names))
    return found


def outcome_named(say: Words, text: str) -> str:
    """Return what an entry of the log may say became of a record, named by its word or label. Raises DataError."""
    from connector.store.extracts import OUTCOMES

    found = state_named(say, text)
    if found not in OUTCOMES:
        raise DataError("E-STATE-UNKNOWN", state=text[:40], known=", ".join(OUTCOMES))
    return found


def cause_named(say: Words, text: str) -> str:
    """Return the cause that was named, by its word or its label. Raises DataError with all names."""
    name = folded(text)
    found = next((c for c in Cause if folded(c) == name or folded(say.label("cause", c)) == name), None)
    if found is None:
        raise DataError("E-CAUSE-UNKNOWN", cause=text[:40], known=", ".join(Cause))
    return str(found)


FIRST_YEAR, LAST_YEAR = 1900, 2999
"""Beyond them a day has no day before or after it, or no time in UTC."""


def day_named(text: str) -> date:
    """Return the day written as 2026-11-12 or 12/11/2026. Raises DataError, also where no clock was ever so far off."""
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            day = datetime.strptime(text, form).date()  # noqa: DTZ007  a day has no zone
        except ValueError:
            continue
        if FIRST_YEAR <= day.year <= LAST_YEAR:
            return day
    raise DataError("E-DATE", value=text[:40])


def record(say: Words, key: RecordKey) -> str:
    """Return `Đơn bentre:5121`."""
    return f"{say.label('kind', key.kind)} {key.local_id}"


def scope(say: Words, kind: str, local_id: str) -> str:
    """Return what a pause covers."""
    from connector.store import marks

    if kind in ("", marks.CHANNEL):
        return say("scope.channel" if kind else "scope.agency")
    return f"{say.label('kind', kind)} {local_id}".strip() if local_id else say("scope.kind", kind=say(f"kind.{kind}"))


def title(say: Words, wanted: Wanted) -> str:
    """Return what a list is about, in words."""
    parts = [
        say.label("state", wanted.state) if wanted.state else "",
        say.label("kind", wanted.kind) if wanted.kind else "",
        say.label("cause", wanted.cause) if wanted.cause else "",
    ]
    return ", ".join(part for part in parts if part) or say("list.all")


def find(app: App, codes: Sequence[str], words: Sequence[str], kind: Kind | None = None) -> RecordKey:
    """Return the one record that is meant by `KIND? ID` or `agency/kind/id`, in one word or several. Raises DataError,
    naming the choices.

    An id counts with or without its source name: `bentre:5121`, `5121`, and so does every id that the record has had at
    its source since; a whole one is taken for a key first. `kind`: what --kind says."""
    words = " ".join(words).split()
    asked, agencies, named = _taken_apart(app, codes, words)
    if not asked:
        raise DataError("E-KEY-NO-ID", kind=named or "petition")
    if kind is not None and named not in (None, kind):
        raise DataError("E-KIND-CONTRADICTION", written=named or "", kind=kind)
    kind = kind or named
    kinds = (kind,) if kind else KINDS
    with app.store.read() as connection:
        found = [key for code in agencies for key in _found(connection, code, asked, kinds)]
    if not found:
        raise DataError("E-KEY-UNKNOWN", key=" ".join(words)[:150])
    if len(found) > 1:
        several = len({key.agency for key in found}) > 1
        names = [str(key) if several else f"{key.kind} {key.local_id}" for key in found[:8]]
        raise DataError("E-KEY-AMBIGUOUS", key=asked, found=", ".join(names))
    return found[0]


def _found(connection: Connection, code: str, asked: str, kinds: Sequence[Kind]) -> list[RecordKey]:
    from connector.store import aliases, finding

    keys = finding.by_local_id(connection, code, asked, kinds)
    if keys and ":" in asked:
        return keys
    return list(dict.fromkeys([*keys, *aliases.find_keys(connection, code, asked, kinds)]))


def one_by_one(words: Sequence[str]) -> list[str]:
    """Return one text per record: a kind counts for all ids that follow it, `don 187 188` -> `don 187`, `don 188`."""
    words = " ".join(words).split()
    found: list[str] = []
    kind, at = "", 0
    while at < len(words):
        length = _kind_at(words, at)
        if length:
            kind = " ".join(words[at : at + length])
        else:
            named = any(kind_or_none(part) for part in words[at].split("/")[:-1])
            found.append(words[at] if named else f"{kind} {words[at]}".strip())
        at += length or 1
    return found if found or not kind else [kind]


_LONGEST_KIND = 4
"""Words that a kind's name may have: `quyết định, kết luận`."""


def _kind_at(words: Sequence[str], at: int) -> int:
    """Return how many words from here on name a kind, 0 if none does."""
    lengths = range(min(_LONGEST_KIND, len(words) - at), 0, -1)
    return next((length for length in lengths if kind_or_none(" ".join(words[at : at + length]))), 0)


def _taken_apart(app: App, codes: Sequence[str], words: Sequence[str]) -> tuple[str, Sequence[str], Kind | None]:
    """Return the id that was asked for ("": none), the agencies that it may be of, and the kind if one was named."""
    if words and (named := kind_or_none(" ".join(words))):
        return "", codes, named
    if len(words) > 1 and (named := kind_or_none(" ".join(words[:-1]))):
        return words[-1], codes, named
    asked = " ".join(words)
    first, _, rest = asked.partition("/")
    if rest and first in app.agencies:
        codes, asked = [first], rest
        first, _, rest = asked.partition("/")
    if rest and (named := kind_or_none(first)):
        return rest, codes, named
    return asked, codes, None
