"""Entries of the log as rows of a table: what the columns are called, and what stands in them.

Every text is on one line and without control characters. Of class C2 there is only what was asked for with a reason;
of class C3, and of persons who are kept secret, nothing.
May import: voice, naming, masking, timeline, tracing, rules, core; app inside functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from connector.core.model import Kind, RecordKey
from connector.telling import masking, timeline, tracing
from connector.telling.voice import Voice
from connector.telling.words import plain, utc

if TYPE_CHECKING:
    from connector.app import App
    from connector.core.schema import FieldInfo
    from connector.store.extracts import Found, Personal

COLUMNS = (
    "seq", "at", "kind", "local_id", "version", "told", "outcome", "by", "trigger", "national_id", "hash",
)  # fmt: skip
PERSONAL = ("reason", "refusal", "persons", "content")
"""The columns of class C2, which stand behind the others where a reason was given for them."""

_PERSONS = {Kind.RECEPTION: "citizens", Kind.PETITION: "petitioners"}
_CONTENT = {
    Kind.RECEPTION: "content",
    Kind.PETITION: "content",
    Kind.HANDLING: "summary",
    Kind.DECISION: "summary",
}
"""What a document is about, per kind that says it; the others have nothing of class C2 that tells them apart."""

_MOST_PERSONS = 10


@dataclass(frozen=True, slots=True)
class Row:
    """One entry as people read it: the columns by their names, `at` in UTC. `event` and `outcome_name` are the words of
    machines."""

    cells: Mapping[str, str | int | datetime]
    event: str
    outcome_name: str
    authenticated: bool


def headings(voice: Voice, *, masked: bool) -> dict[str, str]:
    """Return the columns and what they are called, in order."""
    names = COLUMNS if masked else (*COLUMNS, *PERSONAL)
    return {name: voice.say(f"extract.head_{name}") for name in names}


def row(voice: Voice, app: App, found: Found, *, masked: bool) -> Row:
    """Return one entry as a row."""
    say, moment = voice.say, found.moment
    cells: dict[str, str | int | datetime] = {
        "seq": found.seq,
        "at": moment.at,
        "kind": say.label("kind", found.key.kind) if found.key else "",
        "local_id": found.key.local_id if found.key else "",
        "version": moment.version or "",
        "told": timeline.sentence(voice, replace(moment, reason=None)),
        "outcome": _outcome(voice, found),
        "by": moment.actor,
        "trigger": say.label("trigger", moment.trigger) if moment.trigger else "",
        "national_id": found.national_id,
        "hash": found.hash,
    }
    if not masked:
        cells |= dict(zip(PERSONAL, _personal(voice, app, found), strict=True))
    clean = {name: plain(value) if isinstance(value, str) else value for name, value in cells.items()}
    return Row(clean, plain(moment.event), plain(found.outcome), found.authenticated)


def _outcome(voice: Voice, found: Found) -> str:
    if not found.outcome:
        return ""
    return voice.say.label("state" if "state" in found.moment.facts else "national", found.outcome)


def _personal(voice: Voice, app: App, found: Found) -> tuple[str, str, str, str]:
    """Return reason, refusal, persons, content. Of a record that is treated as a denunciation not even its reasons are
    told: who gave one may have named somebody."""
    say, known = voice.say, found.personal
    reason = found.moment.reason
    if known is not None and known.hidden:
        kept = say("explain.kept_secret")
        return kept if reason else "", "", say("explain.identity_kept"), kept
    told = timeline.reason(voice, reason) if reason and reason.standing != "matches" else ""
    words = told or (reason.text if reason else "")
    if known is None or found.key is None:
        return words, "", "", ""
    return words, "; ".join(known.refusals), *_of_document(voice, app, found.key, known)


def _of_document(voice: Voice, app: App, key: RecordKey, known: Personal) -> tuple[str, str]:
    """Return who a document is of, and what it is about, as far as its schema says that this is of class C2 or C1."""
    mapping = app.agency(key.agency).mapping
    body = tracing.loaded(known.body)
    if not body or key.kind not in mapping.kinds:
        return "", ""
    if "concealed" in body:
        return voice.say("explain.identity_kept"), voice.say("explain.kept_secret")
    fields = mapping.kind(key.kind).fields
    name = _PERSONS.get(key.kind, "")
    people = body.get(name) or []
    told = [_person(voice, fields, name, each) for each in people[:_MOST_PERSONS] if isinstance(each, dict)]
    more = [f"+{len(people) - _MOST_PERSONS}"] if len(people) > _MOST_PERSONS else []
    about = _CONTENT.get(key.kind, "")
    content = str(body.get(about) or "") if about and _may_be_told(fields, f"/{about}") else ""
    return "; ".join(filter(None, [*told, *more])), content


def _person(voice: Voice, fields: Mapping[str, FieldInfo], group: str, person: Mapping[str, Any]) -> str:
    disclosure = str(person.get("disclosure", "named"))
    if disclosure == "concealed":
        return voice.say("explain.identity_kept")
    names = list(_names(fields, group, person)) if disclosure == "named" else []
    return ", ".join(names) or masking.code_in_words(voice.say, "disclosure", disclosure)


def _names(fields: Mapping[str, FieldInfo], group: str, person: Mapping[str, Any]) -> Iterator[str]:
    organisation = person.get("organisation") or {}
    if person.get("full_name") and _may_be_told(fields, f"/{group}/*/full_name"):
        yield str(person["full_name"])
    if organisation.get("name") and _may_be_told(fields, f"/{group}/*/organisation/name"):
        yield str(organisation["name"])


def _may_be_told(fields: Mapping[str, FieldInfo], pattern: str) -> bool:
    info = fields.get(pattern)
    return info is not None and info.confidentiality in ("C1", "C2")


def about(voice: Voice, said: Mapping[str, Any]) -> dict[str, str]:
    """Return what a manifest says of an extract, in words: the first sheet of a workbook."""
    say = voice.say
    filters = {name: _filter(voice, name, text) for name, text in said["filters"].items()}
    shown = {
        "agency": voice.name_of(said["agency"]),
        "environment": say.label("environment", said["environment"]),
        "made_at": say.second(utc(said["made_at"])),
        "made_by": said["made_by"],
        "masking": say("extract.is_masked" if said["masked"] else "extract.is_unmasked"),
        "filters": "; ".join(f"{say(f'extract.filter_{name}')}: {text}" for name, text in filters.items())
        or say("extract.all"),
        "entries": say.number(said["entries"]),
        "first": _place(voice, said["first"]),
        "last": _place(voice, said["last"]),
        "head": _place(voice, said["head"]),
        "form": said["form"],
    }
    return {say(f"extract.about_{name}"): plain(text) for name, text in shown.items()}


def _filter(voice: Voice, name: str, text: str) -> str:
    if name in ("from", "to"):
        return voice.say.day(date.fromisoformat(text))
    return voice.say.label({"kind": "kind", "outcome": "state"}[name], text) if name in ("kind", "outcome") else text


def _place(voice: Voice, place: Mapping[str, Any] | None) -> str:
    return f"{voice.say.number(place['seq'])}: {place['hash']}" if place else "-"
