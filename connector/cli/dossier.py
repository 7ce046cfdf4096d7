"""`kntc audit dossier`: the story of one record as a page for a file, a printer and a signature."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli import audit
from connector.cli.opening import AgencyOption, Desk, Misused, ReasonOption, desk_of, opened, reason_of
from connector.errors import DataError
from connector.telling import dossier as telling
from connector.telling import naming
from connector.telling.words import utc

if TYPE_CHECKING:
    from connector.app import App
    from connector.core.model import RecordKey

SUFFIXES = (".html", ".htm")


def dossier(
    ctx: typer.Context,
    record: Annotated[list[str], typer.Argument()],
    page: Annotated[Path, typer.Option("--out")],
    agency: AgencyOption = None,
    unmask: Annotated[bool, typer.Option("--unmask")] = False,
    reason: ReasonOption = None,
) -> None:
    """Write all that is known of one record into a new HTML file that stands by itself; the log says so first."""
    from connector import disk

    desk = desk_of(ctx)
    if page.suffix.lower() not in SUFFIXES:
        raise Misused("E-USAGE", detail=f"--out {page.name[:40]}", usage="kntc audit dossier --help")
    why = reason_of(reason) if unmask else (reason or "").strip()[:500]
    if page.exists():
        raise DataError("E-EXPORT-THERE", file=str(page))
    with opened(desk) as app, disk.told(page.absolute().parent), disk.whole(page) as (draft, file):
        key = naming.find(app, desk.agencies(agency), record)
        _note(app, key, why, "unmasked" if unmask else "masked")
        # If the process dies here, the log tells of a page that is not there; the next one has an entry of its own.
        checked = _checked(desk, app, key.agency)
        made = telling.gathered(desk, app, key, checked, unmasked=unmask)
        file.write(telling.page(desk, made).encode())
        try:
            disk.place(draft, file, page)
        except FileExistsError:
            raise DataError("E-EXPORT-THERE", file=str(page)) from None
    _say(desk, key, page, intact=checked.intact)


def _note(app: App, key: RecordKey, reason: str, outcome: str) -> None:
    """Write into the log who makes this page, whether it shows values, and why: before there is a file."""
    from connector.core.model import Event

    with app.store.write() as tx:
        event = Event("audit.dossier", key.agency, app.actor, tx.now, key, facts={"outcome": outcome})
        if reason:
            tx.audit_with_reason(event, reason)
        else:
            tx.audit(event)


def _checked(desk: Desk, app: App, agency: str) -> telling.Checked:
    from connector import verifier
    from connector.stages.anchor import Brought

    proof = audit.proof_of(app, agency, Brought())
    anchored, head, gone = proof.anchored, proof.head, proof.pruned
    return telling.Checked(
        intact=not proof.exit_code,
        seq=head.seq,
        hash=head.hash,
        agree=anchored.good if anchored else 0,
        of=anchored.of if anchored else 0,
        anchored=_newest(desk, app, agency),
        paper=verifier.paper_code(head.seq, head.hash),
        pruned=desk.say("audit.pruned_by", seq=gone.seq, last=gone.through[0], digest=gone.export) if gone else "",
    )


def _newest(desk: Desk, app: App, agency: str) -> str:
    """Return place and time of the newest checkpoint that was made here, "" without one."""
    from connector import edges, verifier

    found, _ = verifier.read_checkpoints(edges.places_of(app.config).files(agency))
    last = max((one for _, one in found), key=lambda one: one.seq, default=None)
    return desk.say("dossier.anchored_value", seq=last.seq, at=utc(last.at)) if last else ""


def _say(desk: Desk, key: RecordKey, out: Path, *, intact: bool) -> None:
    desk.screen.heading(naming.record(desk.say, key), desk.environment_label)
    desk.screen.line(desk.say("dossier.done", file=str(out)))
    desk.screen.line(desk.say("dossier.intact" if intact else "dossier.broken"))
