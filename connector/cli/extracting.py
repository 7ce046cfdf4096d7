"""`kntc audit extract`: entries of the log for people, as CSV, JSON Lines or a workbook, with a manifest.

Personal data is masked unless a reason is given. That somebody took an extract, and what of, is an entry of the log
before the file is there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from connector.cli import extract_check
from connector.cli.opening import (
    AgencyOption,
    Desk,
    JsonOption,
    KindOption,
    ReasonOption,
    desk_of,
    opened,
    reason_of,
)
from connector.core.attachments import safe_path
from connector.errors import DataError
from connector.telling import extract_files, extracts, naming
from connector.telling.words import HERE

if TYPE_CHECKING:
    from connector.app import App
    from connector.core.chain import Head
    from connector.store.extracts import Wanted
    from connector.telling.extracts import Row

FORMS = (".csv", ".jsonl", ".xlsx")

LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """What an extract is to hold, and where it goes. `filters`: the same as the manifest says it."""

    target: Path
    agency: str
    wanted: Wanted
    filters: dict[str, str]
    reason: str
    masked: bool

    @property
    def form(self) -> str:
        """The ending of the file: csv, jsonl, xlsx."""
        return self.target.suffix.lower()[1:]


@dataclass(slots=True)
class Tally:
    """What has been written so far: how many entries, the first and the last of them."""

    count: int = 0
    ends: list[dict[str, Any]] = field(default_factory=list)

    def counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Pass rows on, and count them."""
        for row in rows:
            self.count += 1
            place = {"seq": row.cells["seq"], "hash": row.cells["hash"]}
            self.ends[1 if self.ends else 0 :] = [place]
            yield row


def extract(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument()],
    agency: AgencyOption = None,
    record: Annotated[str | None, typer.Option("--record")] = None,
    kind: KindOption = None,
    from_day: Annotated[str | None, typer.Option("--from")] = None,
    to_day: Annotated[str | None, typer.Option("--to")] = None,
    by: Annotated[str | None, typer.Option("--by")] = None,
    outcome: Annotated[str | None, typer.Option("--outcome")] = None,
    unmask: Annotated[bool, typer.Option("--unmask")] = False,
    reason: ReasonOption = None,
    check: Annotated[bool, typer.Option("--check")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write entries of one agency's log into a new file; with --check, verify such a file."""
    desk = desk_of(ctx, as_json=as_json)
    if check:
        raise typer.Exit(extract_check.check(desk, file))
    why = reason_of(reason) if unmask else (reason or "").strip()[:500]
    _may_be_written(file)
    named = {"record": record, "kind": kind, "from": from_day, "to": to_day, "by": by, "outcome": outcome}
    with opened(desk) as app:
        code, wanted, filters = _wanted(desk, app, agency, {name: text for name, text in named.items() if text})
        asked = Asked(file, code, wanted, filters, why, masked=not unmask)
        manifest = _write(desk, app, asked)
    if as_json:
        shown = {name: manifest[name] for name in ("agency", "entries", "masked", "sha256", "noted")}
        desk.screen.json("audit extract", desk.environment, file=str(file), **shown)
        return
    say, screen = desk.say, desk.screen
    screen.heading(desk.name_of(code), desk.environment_label)
    screen.line(say("export.done", count=manifest["entries"], file=str(file)))
    screen.line(say("extract.masked" if asked.masked else "extract.unmasked"))
    screen.line(say("extract.check", manifest=extract_check.manifest_of(file).name, file=str(file)))


def _may_be_written(file: Path) -> None:
    """Raise DataError for another ending, a name that some program reads otherwise, a folder that is not, and for a
    file that is there."""
    if file.suffix.lower() not in FORMS or safe_path((file.name,)) != file.name or len(file.name) > LONGEST_NAME:
        raise DataError("E-EXTRACT-NAME", file=file.name[:LONGEST_NAME], known=", ".join(FORMS))
    if not file.absolute().parent.is_dir():
        raise DataError("E-EXTRACT-FOLDER", folder=str(file.absolute().parent))
    for each in (file, extract_check.manifest_of(file)):
        if each.exists() or each.is_symlink():
            raise DataError("E-EXPORT-THERE", file=str(each))


def _wanted(desk: Desk, app: App, agency: str | None, named: dict[str, str]) -> tuple[str, Wanted, dict[str, str]]:
    """Return the agency, which of its entries are wanted, and the same in the words of the manifest."""
    from connector.store.extracts import Wanted

    kind = naming.kind_named(desk.say, named["kind"]) if "kind" in named else None
    key = naming.find(app, desk.agencies(agency), [named["record"]], kind) if "record" in named else None
    first, last = (naming.day_named(named[name]) if name in named else None for name in ("from", "to"))
    if first and last and first > last:
        raise DataError("E-EXTRACT-PERIOD", first=desk.say.day(first), last=desk.say.day(last))
    wanted = Wanted(
        key=key,
        kind=kind,
        since=_midnight(first) if first else None,
        until=_midnight(last + timedelta(days=1)) if last else None,
        by=named.get("by", "")[:LONGEST_NAME],
        outcome=naming.outcome_named(desk.say, named["outcome"]) if "outcome" in named else "",
    )
    said = {
        "record": f"{key.kind}/{key.local_id}" if key else "",
        "kind": str(kind or ""),
        "from": first.isoformat() if first else "",
        "to": last.isoformat() if last else "",
        "by": wanted.by,
        "outcome": wanted.outcome,
    }
    code = key.agency if key else desk.one_agency(agency)
    return code, wanted, {name: text for name, text in said.items() if text}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), HERE)


# --- writing -------------------------------------------------------------------------------------------------------


def _write(desk: Desk, app: App, asked: Asked) -> dict[str, Any]:
    """Write the file and its manifest, and return what that says. Raises RolledBackError, and writes nothing, where the
    store takes no entry about it.

    If the process dies after the entry, the log tells of an extract that nobody has: the safe order."""
    from connector import disk
    from connector.store import extracts as reading
    from connector.store.db import store_id

    tally = Tally()
    with disk.told(asked.target.absolute().parent), disk.whole(asked.target) as (draft, file):
        with app.store.read() as connection:
            head = app.store.heads.check(connection, asked.agency)
            found = reading.entries(
                connection, asked.agency, asked.wanted, None if asked.masked else app.store.commitment
            )
            rows = (extracts.row(desk, app, each, masked=asked.masked) for each in found)
            _write_rows(desk, app, asked, file, tally.counted(rows), head, tally)
            store = store_id(connection)
        file.flush()
        with draft.open("rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()
        manifest = {
            **_about(desk, app, asked, tally, head),
            "store": store, "file": asked.target.name, "sha256": digest, "size_bytes": draft.stat().st_size,
        }  # fmt: skip
        noted = _note(app, asked, tally, extract_check.seal(app, manifest), head)
        manifest["noted"] = {"seq": noted.seq, "hash": noted.hash}
        _place(manifest, draft, file, asked.target)
    return manifest


def _write_rows(
    desk: Desk, app: App, asked: Asked, file: BinaryIO, rows: Iterator[Row], head: Head, tally: Tally
) -> None:
    headings = extracts.headings(desk, masked=asked.masked)
    match asked.form:
        case "csv":
            extract_files.write_csv(file, headings, rows)
        case "jsonl":
            extract_files.write_lines(file, headings, rows)
        case _:
            title = f"{desk.say('audit.title')} {desk.name_of(asked.agency)} {desk.environment_label}"
            about = lambda: extracts.about(desk, _about(desk, app, asked, tally, head))  # noqa: E731  once all are counted
            sheet = extract_files.Sheet(title, desk.say, about)
            extract_files.write_workbook(file, headings, rows, sheet, asked.target.absolute().parent)


def _about(desk: Desk, app: App, asked: Asked, tally: Tally, head: Head) -> dict[str, Any]:
    """What an extract says of itself; its own digest is not among it."""
    from connector import __version__

    ends = [*tally.ends, *tally.ends][:2]
    return {
        "format": extract_check.FORMAT, "what": extract_check.WHAT, "agency": asked.agency,
        "environment": desk.environment, "program": __version__,
        "made_at": app.now().isoformat().replace("+00:00", "Z"), "made_by": app.actor.name,
        "language": desk.say.language, "masked": asked.masked, "filters": asked.filters,
        "columns": extracts.headings(desk, masked=asked.masked), "entries": tally.count,
        "first": ends[0] if ends else None, "last": ends[-1] if ends else None,
        "head": {"seq": head.seq, "hash": head.hash}, "form": desk.say(f"extract.form_{asked.form}"),
    }  # fmt: skip


def _note(app: App, asked: Asked, tally: Tally, sealed: str, head: Head) -> Head:
    """Write the entry that tells of this extract, with the seal of its manifest; return its place."""
    from connector.core.model import Event

    filters = dict(asked.filters)
    if "by" in filters and not tally.count:
        filters["by"] = "?"  # whatever was typed, it is nobody whom the log knows
    with app.store.write() as tx:
        facts = {"sealed": sealed, "count": tally.count, "form": asked.form, "filters": filters}
        name = "audit.extracted" if asked.masked else "audit.unmasked"
        event = Event(name, asked.agency, app.actor, tx.now, asked.wanted.key, facts=facts)
        if asked.reason:
            tx.audit_with_reason(event, asked.reason)
        else:
            tx.audit(event)
    with app.store.read() as connection:
        return extract_check.entry_about(connection, asked.agency, sealed, head.seq)


def _place(manifest: dict[str, Any], draft: Path, file: BinaryIO, target: Path) -> None:
    """Give manifest and file their names, the manifest first: a file that is there is whole and has one."""
    import orjson

    from connector import disk

    beside = extract_check.manifest_of(target)
    try:
        with disk.whole(beside) as (second, text):
            text.write(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
            disk.place(second, text, beside)
        try:
            disk.place(draft, file, target)
        except OSError:
            beside.unlink()
            raise
    except FileExistsError:
        raise DataError("E-EXPORT-THERE", file=str(target)) from None
