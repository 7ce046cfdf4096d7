"""`kntc mapping diff --against-ledger`: what an edited mapping would change of all that is recorded. Writes nothing.

Everything is read and mapped as a collect would do it, and compared with the newest version in the ledger. Values of
class C1 are shown; of anything else only that it differs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli import failing
from connector.cli.opening import AgencyOption, Desk, JsonOption, Misused, desk_of, opened
from connector.errors import ExitCode, KntcError, SourceError
from connector.telling import naming
from connector.telling.words import clipped

if TYPE_CHECKING:
    from connector.app import App
    from connector.core.model import RecordKey
    from connector.stages.guards import Trip
    from connector.store.records import Reading

SHOWN_FIELDS = 12
"""So many fields of a kind are printed, the most frequent first; --json has them all."""

LONGEST_VALUE = 40


@dataclass(slots=True)
class Difference:
    """What the mapping would change in one agency's ledger. `examples`: fields by record, masked."""

    agency: str
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    fields: dict[str, Counter[str]] = field(default_factory=dict)
    examples: list[dict[str, Any]] = field(default_factory=list)
    trips: tuple[Trip, ...] = ()
    error: KntcError | None = None


def diff(
    ctx: typer.Context,
    against_ledger: Annotated[bool, typer.Option("--against-ledger")] = False,
    agency: AgencyOption = None,
    examples: Annotated[int, typer.Option("--examples", min=0, max=1_000)] = 5,
    as_json: JsonOption = False,
) -> None:
    """Say by kind how many records would get a new version, which fields, and show some of them."""
    if not against_ledger:
        usage = "kntc mapping diff --against-ledger"
        raise Misused("E-USAGE", detail="--against-ledger", usage=usage)
    desk = desk_of(ctx, as_json=as_json)
    found = []
    with opened(desk) as app:
        for code in desk.agencies(agency):
            difference = _difference(app, code, examples)
            found.append(difference)
            if difference.error is not None:
                failing.show(difference.error, desk.screen)
            _print(desk, app, difference)
    if as_json:
        desk.screen.json("mapping diff", desk.environment, agencies=[_as_json(difference) for difference in found])
    failed = any(difference.error for difference in found)
    raise typer.Exit(ExitCode.REMOTE_UNAVAILABLE if failed else ExitCode.DONE)


def _difference(app: App, code: str, examples: int) -> Difference:
    from connector.core.schema import pattern_of

    found = Difference(code)
    try:
        for page in app.foresee(code):
            counts = found.counts.setdefault(page.kind, Counter())
            counts["same"] += len(page.judged.unchanged)
            for reading, planned in page.planned:
                counts[planned.what] += 1
                fields = found.fields.setdefault(page.kind, Counter())
                fields.update({pattern_of(pointer) for pointer in planned.changed})
                if planned.what == "update" and counts["update"] <= examples:
                    found.examples.append(_example(app, reading, planned.changed))
        found.trips = app.tripped(code)
    except SourceError as error:
        found.error = error
    return found


def _example(app: App, reading: Reading, changed: tuple[str, ...]) -> dict[str, Any]:
    from connector.core.schema import pattern_of
    from connector.store import views

    with app.store.read() as connection:
        before = views.newest_body(connection, reading.key)
    after = reading.document.body if reading.document else None
    known = app.agency(reading.key.agency).mapping.kind(reading.key.kind).fields
    old, new = _leaves(before), _leaves(after)
    shown = []
    for pointer in changed:
        info = known.get(pattern_of(pointer))
        open_ = info is not None and info.confidentiality == "C1"
        shown.append(
            {
                "field": pointer,
                "before": _shown(old, pointer, open_=open_),
                "after": _shown(new, pointer, open_=open_),
            }
        )
    return {"key": reading.key, "fields": shown}


def _leaves(body: bytes | None) -> dict[str, Any]:
    import orjson

    from connector.core.diff import leaves

    return dict(leaves(orjson.loads(body))) if body else {}


def _shown(values: dict[str, Any], pointer: str, *, open_: bool) -> str | None:
    """The value at a pointer, None if there is none, "***" where it is nobody's business."""
    if pointer not in values:
        return None
    return clipped(str(values[pointer]), LONGEST_VALUE) if open_ else "***"


def _print(desk: Desk, app: App, found: Difference) -> None:
    say, screen = desk.say, desk.screen
    screen.heading(desk.name_of(found.agency), desk.environment_label)
    screen.line(say("diff.head"))
    mapping = app.agency(found.agency).mapping
    for kind in mapping.kinds:
        counts = found.counts.get(kind, Counter())
        screen.pair(say.label("kind", kind), ", ".join(_counted(desk, counts)))
        fields = found.fields.get(kind, Counter()).most_common()
        for pointer, count in fields[:SHOWN_FIELDS]:
            label = mapping.kind(kind).label(pointer, say.language)
            screen.line(say("diff.field", field=label, pointer=pointer, count=count), indent=2, hang=4)
        if len(fields) > SHOWN_FIELDS:
            screen.line(say("diff.more_fields", count=len(fields) - SHOWN_FIELDS), indent=2)
    for example in found.examples:
        _print_example(desk, app, example["key"], example["fields"])
    for trip in found.trips:
        screen.line(say.first(f"dry.guard.{trip.name}", "dry.guard.other", total=trip.total, limit=trip.limit))
    screen.line(say("dry.nothing_recorded"))


def _counted(desk: Desk, counts: Counter[str]) -> Iterator[str]:
    for name in ("update", "create", "quarantine", "same"):
        if counts[name] or name == "same":
            yield desk.say(f"diff.{name}", count=counts[name])


def _print_example(desk: Desk, app: App, key: RecordKey, fields: list[dict[str, Any]]) -> None:
    mapping = app.agency(key.agency).mapping.kind(key.kind)
    desk.screen.line(naming.record(desk.say, key))
    for one in fields:
        words = {side: _in_words(desk, one[side]) for side in ("before", "after")}
        text = desk.say("diff.change", field=mapping.label(one["field"], desk.say.language), **words)
        desk.screen.line(text, indent=2, hang=4)


def _in_words(desk: Desk, value: str | None) -> str:
    if value is None:
        return desk.say("diff.nothing")
    return desk.say("explain.masked") if value == "***" else value


def _as_json(found: Difference) -> dict[str, Any]:
    return {
        "agency": found.agency,
        "counts": {kind: dict(counts) for kind, counts in found.counts.items()},
        "fields": {kind: dict(counts) for kind, counts in found.fields.items() if counts},
        "examples": [{"key": str(one["key"]), "fields": one["fields"]} for one in found.examples],
        "guards": [{"name": trip.name, "numbers": trip.numbers} for trip in found.trips],
        "error": found.error.id if found.error else "",
    }
