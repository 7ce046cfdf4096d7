"""The story of one record on paper: one HTML page that stands by itself, for a file, a printer and a signature.

Everything is put into words here; the template only lays it out. Values are masked as on every screen, unless a person
gave a reason; what is concealed stays so in any case, and so do the words of reasons and notes on a masked page.
May import: voice, naming, timeline, tracing, words; jinja2; app and store inside functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import orjson

from connector.telling import masking, naming, retired, timeline, tracing
from connector.telling.voice import Voice
from connector.telling.words import HERE, clipped, plain, utc

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from connector.app import App
    from connector.core.model import Entry, RecordKey
    from connector.store.stories import Story

LONGEST_TEXT = 2_000
"""A value is shown so far, also on an unmasked page."""

NOTHING = "-"

TEMPLATE = "dossier.html"

Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """What verifying the log showed when the page was made. `anchored`: the newest checkpoint, "" without one.
    `paper`: the code of the last entry, for a book. `pruned`: by which entry the first ones went, "" if they are
    there."""

    intact: bool
    seq: int
    hash: str
    agree: int
    of: int
    anchored: str
    paper: str
    pruned: str = ""


@dataclass(frozen=True, slots=True)
class Dossier:
    """What stands on the page, in words. Each of `facts` to `digests` is the rows of one table."""

    agency: str
    code: str
    environment: str
    is_test: bool
    title: str
    record: str
    state: str
    day: date
    at: datetime
    by: str
    unmasked: bool
    facts: Rows
    told: Rows
    hashes: Rows
    versions: Rows
    receipts: Rows
    statuses: Rows
    attachments: Rows
    checked: Checked
    digests: Rows
    national_id: str
    received: str
    begins: str


def gathered(voice: Voice, app: App, key: RecordKey, checked: Checked, *, unmasked: bool) -> Dossier:
    """Return what is known of a record, in words. Reads the store alone; the source is not asked."""
    from connector.store import attachments, audit, receipts, records, stories

    context, say, now = app.context(key.agency), voice.say, app.now()
    with app.store.read() as connection:
        story = stories.story(connection, key, context.generation, context.capabilities)
        if story is None:  # found a moment ago; the ledger forgets nothing
            raise RuntimeError("the ledger lost a key while it was read")
        entries = list(audit.entries(connection, key.agency, kind=key.kind, local_id=key.local_id))
        concealed = bool(records.concealed_among(connection, key.agency, [key]))
        kept, wrong = receipts.of_record(connection, key)
        statuses = stories.national_events(connection, key)
        papers = attachments.counts(connection, key.agency, context.generation, key=key)
        told = list(_story(voice, app, connection, key.agency, entries, unmasked=unmasked))
    name = next(agency.name for agency in app.config.agency if agency.code == key.agency)
    last = kept[-1] if kept else None
    return Dossier(
        agency=plain(name),
        code=key.agency,
        environment=say.label("environment", voice.environment),
        is_test=voice.environment != "production",
        title=", ".join([naming.record(say, key), *tracing.facts(say, key.kind, story.body)]),
        record=f"{say.label('kind', key.kind)} {plain(key.local_id)}",
        state=say.label("state", story.line.state),
        day=now.astimezone(HERE).date(),
        at=now,
        by=plain(app.actor.name),
        unmasked=unmasked,
        facts=tuple(_facts(voice, app, key, story, concealed=concealed, unmasked=unmasked)),
        told=tuple(row[:4] for row in told),
        hashes=tuple((row[0], row[4]) for row in told),
        versions=tuple(_version(voice, one) for one in story.versions),
        receipts=(*(_receipt(voice, one) for one in kept), *(_changed(voice, sha256) for sha256 in wrong)),
        statuses=tuple(_status(voice, one) for one in statuses),
        attachments=tuple((say.label("fate", fate), say.number(count)) for fate, count in papers.items() if count),
        checked=checked,
        digests=tuple(_digests(voice, app, key, entries)),
        national_id=plain(str(story.line.national_id or "")),
        received=say.instant(utc(last["received_at"] or last["at"])) if last else "",
        begins=say("audit.begins", first=story.begins) if story.begins > 1 else "",
    )


def page(voice: Voice, dossier: Dossier) -> str:
    """Return the page: no script, nothing from elsewhere, every text escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("connector.telling", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return made.get_template(TEMPLATE).render(d=dossier, say=voice.say)


# --- the tables ---


def _facts(
    voice: Voice, app: App, key: RecordKey, story: Story, *, concealed: bool, unmasked: bool
) -> Iterator[tuple[str, str]]:
    """Yield title and value of every field of the newest document; one line for all that is kept secret."""
    from connector.core.schema import pattern_of

    say, mapping = voice.say, app.agency(key.agency).mapping
    if went := retired.sentence(say, story.retired):
        yield say("dossier.text"), went
    if story.body is None or key.kind not in mapping.kinds:
        yield say("dossier.text"), say("dossier.no_text")
        return
    known, secret = mapping.kind(key.kind).fields, False
    for pointer, value in _leaves("", orjson.loads(story.body)):
        info = known.get(pattern_of(pointer))
        confidentiality = info.confidentiality if info else "C3"
        if confidentiality != "C1" and (concealed or (confidentiality == "C3" and not unmasked)):
            secret = True
            continue
        label = mapping.kind(key.kind).label(pattern_of(pointer), say.language)
        yield label, _value(voice, info, value, "C1" if unmasked else confidentiality)
    if secret or concealed:
        yield say("dossier.secret"), say("explain.kept_secret")


def _leaves(pointer: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(f"{pointer}/{name}", inner)
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _leaves(f"{pointer}/{at}", inner)
    else:
        yield pointer, value


def _value(voice: Voice, info: Any, value: Any, confidentiality: str) -> str:
    """A canonical code in words and a day as people write it, any other value as its class lets it be shown."""
    from connector.core.secrecy import MASKED, mask

    say = voice.say
    if confidentiality != "C1" or info is None:
        masked = say("explain.masked")
        return masked if info is not None and info.codes else mask(str(value), confidentiality).replace(MASKED, masked)
    if isinstance(value, bool):
        return say("explain.yes" if value else "explain.no")
    if info.codes:
        return masking.code_in_words(say, info.codes, str(value))
    if info.format == "date":
        return say.day(date.fromisoformat(str(value)))
    return say.instant(utc(str(value))) if info.format == "date-time" else clipped(plain(str(value)), LONGEST_TEXT)


def _story(
    voice: Voice, app: App, connection: Connection, agency: str, entries: Sequence[Entry], *, unmasked: bool
) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield place, time, sentence, who and hash of every entry of the record."""
    from connector.store import stories

    fields = {entry.seq: orjson.loads(entry.content) for entry in entries}
    moments = stories.told(connection, agency, fields, app.store.commitment if unmasked else None)
    for entry, moment in zip(entries, moments, strict=True):
        sentence = timeline.sentence(voice, moment if unmasked else replace(moment, reason=None))
        by = f"{plain(moment.actor)} ({voice.say.label('trigger', moment.trigger)})"
        yield voice.say.number(entry.seq), voice.say.second(moment.at), plain(sentence), by, entry.hash


def _version(voice: Voice, one: dict[str, Any]) -> tuple[str, ...]:
    say = voice.say
    received = say.instant(one["received_at"] or one["receipt_at"]) if one["receipt_at"] else NOTHING
    state = say.label("state", one["state"])
    return say.number(one["version"]), state, say.instant(one["created_at"]), received, one["commitment"] or NOTHING


def _receipt(voice: Voice, one: dict[str, Any]) -> tuple[str, ...]:
    say = voice.say
    at = say.second(utc(one["received_at"] or one["at"]))
    status = say.label("national", one["status"]) if one["status"] else NOTHING
    http = str(one["http_status"] or NOTHING)
    return say.number(one["version"]), plain(one["national_id"]), status, at, http, one["sha256"]


def _changed(voice: Voice, sha256: str) -> tuple[str, ...]:
    """A receipt that somebody has changed is told as that, and by nothing that stands in it."""
    return "?", NOTHING, voice.say("dossier.changed"), NOTHING, NOTHING, plain(sha256)


def _status(voice: Voice, one: dict[str, Any]) -> tuple[str, ...]:
    say = voice.say
    at = one["occurred_at"] or one["applied_at"]
    return say.instant(at), say.label("national", one["status"]), plain(one["acting_agency"] or NOTHING)


def _digests(voice: Voice, app: App, key: RecordKey, entries: Sequence[Entry]) -> Iterator[tuple[str, str]]:
    """Yield what the record was decided by: the configurations that its entries name, and the mapping of today."""
    configs = dict.fromkeys(str(orjson.loads(entry.content)[14]) for entry in entries)
    yield voice.say("dossier.config"), ", ".join(config for config in configs if config) or NOTHING
    yield voice.say("dossier.mapping"), app.agency(key.agency).mapping.digest
