"""`kntc audit extract`: entries of the log for people, as CSV, JSON Lines or a workbook, with a manifest.

Personal data is masked unless a reason is given. That somebody took an extract, and what of, is an entry of the log
before the file is there.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
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
from connector.telling import extract_files, extract_manifest, extracts, naming
from connector.telling.words import HERE

if TYPE_CHECKING:
    from connector.app import App
    from connector.core.chain import Head
    from connector.store.extracts import Wanted

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

    tally = extract_manifest.Tally()
    with disk.told(asked.target.absolute().parent), disk.whole(asked.target) as (draft, file):
        with app.store.read() as connection:
            head = app.store.heads.check(connection, asked.agency)
            found = reading.entries(
                connection, asked.agency, asked.wanted, None if asked.masked else app.store.commitment
            )
            rows = (extracts.row(desk, app, each, masked=asked.masked) for each in found)
            taken = extract_manifest.Taken(
                asked.agency, asked.filters, asked.form, asked.masked, app.now(), app.actor.name, head
            )
            extract_files.write(file, desk, taken, rows, tally, asked.target.absolute().parent)
            store = store_id(connection)
        file.flush()
        with draft.open("rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()
        manifest = {
            **extract_manifest.about(desk, taken, tally),
            "store": store, "file": asked.target.name, "sha256": digest, "size_bytes": draft.stat().st_size,
        }  # fmt: skip
        noted = _note(app, asked, tally, extract_manifest.seal(app, manifest), head)
        manifest["noted"] = {"seq": noted.seq, "hash": noted.hash}
        _place(manifest, draft, file, asked.target)
    return manifest


def _note(app: App, asked: Asked, tally: extract_manifest.Tally, sealed: str, head: Head) -> Head:
    """Write the entry that tells of this extract, with the seal of its manifest; return its place."""
    from connector.core.model import Event

    filters = extract_manifest.noted_filters(asked.filters, tally)
    with app.store.write() as tx:
        facts = {"sealed": sealed, "count": tally.count, "form": asked.form, "filters": filters}
        name = "audit.extracted" if asked.masked else "audit.unmasked"
        event = Event(name, asked.agency, app.actor, tx.now, asked.wanted.key, facts=facts)
        if asked.reason:
            tx.audit_with_reason(event, asked.reason)
        else:
            tx.audit(event)
    with app.store.read() as connection:
        return extract_manifest.entry_about(connection, asked.agency, sealed, head.seq)


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
