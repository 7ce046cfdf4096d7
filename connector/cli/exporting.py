"""`kntc audit export`: the log of one agency in one file, and what verifying such a file says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli import failing
from connector.cli.evidence import Proof
from connector.cli.opening import AgencyOption, Desk, JsonOption, Misused, desk_of, opened
from connector.errors import DataError, KntcError, RolledBackError, TamperError
from connector.telling import naming

if TYPE_CHECKING:
    from connector.stages.anchor import Brought
    from connector.stages.export import Days
    from connector.store.agreement import Agreement
    from connector.verifier import Fault, Report


def export(
    ctx: typer.Context,
    target: Annotated[Path, typer.Argument()],
    agency: AgencyOption = None,
    since: Annotated[str | None, typer.Option("--from")] = None,
    until: Annotated[str | None, typer.Option("--to")] = None,
    as_json: JsonOption = False,
) -> None:
    """Write the log of one agency, whole or of some days, with what it takes to verify it, into a new file."""
    from connector import disk, edges
    from connector.stages import export as stage

    desk = desk_of(ctx, as_json=as_json)
    code = desk.one_agency(agency)
    days = _days(since, until)
    if target.exists():
        raise DataError("E-EXPORT-THERE", file=str(target))
    with opened(desk) as app, disk.told(target.absolute().parent), disk.whole(target) as (draft, file):
        try:
            places = edges.places_of(app.config)
            found = stage.export(app.store, code, places, desk.environment, app.actor, file, days)
            disk.place(draft, file, target)
        except FileExistsError:
            raise DataError("E-EXPORT-THERE", file=str(target)) from None
    if as_json:
        fields = {"agency": code, "entries": found.entries, "head": found.head_hash, "noted": found.noted}
        desk.screen.json("audit export", desk.environment, file=str(target), **fields)
        return
    desk.screen.heading(desk.name_of(code), desk.environment_label)
    desk.screen.line(desk.say("export.done", count=found.entries, file=str(target)))
    if not found.noted:
        desk.screen.line(desk.say("export.not_noted"))
    desk.screen.line(desk.say("export.verify"))


def _days(since: str | None, until: str | None) -> Days | None:
    """Return the days that are meant, None for all. Raises Misused where one of the two is missing or they are turned
    round, DataError where one is no day."""
    from connector.stages.export import Days

    if since is None and until is None:
        return None
    if since is None or until is None:
        raise Misused("E-USAGE", detail="--from, --to", usage="kntc audit export --help")
    days = Days(naming.day_named(since), naming.day_named(until))
    if days.last < days.first or days.last.year >= LAST_YEAR:
        raise Misused("E-USAGE", detail="--from, --to", usage="kntc audit export --help")
    return days


LAST_YEAR = 9_999
"""A day after it cannot be told."""


def prove(desk: Desk, files: Sequence[Path], brought: Brought) -> tuple[list[Proof], int]:
    """Return what exports prove, each and joined, judged by the same program that lies in them, and the exit code of
    all. What is no whole export, or has none before it that it goes on from, is shown at once and proves nothing; exits
    where nothing else is left."""
    from connector import verifier

    reports = verifier.verify_series(files, brought.checkpoints, brought.keys, brought.paper)
    code = verifier.gravest(report.code for _, report in reports)
    proofs = [_proof_of(report, file, brought) for file, report in reports if not _is_unusable(desk, report)]
    if not proofs:
        raise typer.Exit(code)
    return proofs, code


def _is_unusable(desk: Desk, report: Report) -> bool:
    """Say what makes an export prove nothing, if it does."""
    unusable = [fault for fault in report.faults if _about(fault) == "EXPORT" or fault.rule == "E-AUDIT-START"]
    for fault in unusable[:1]:
        failing.show(TamperError(fault.rule, agency=report.agency, seq=fault.seq, name=fault.name), desk.screen)
    return bool(unusable) and unusable[0] == report.faults[0]


def _proof_of(report: Report, file: Path, brought: Brought) -> Proof:
    from connector.core.chain import ChainFault, Head
    from connector.stages.anchor import Anchored

    broken = next((fault for fault in report.faults if fault.rule in _CHAIN), None)
    head_error: KntcError | None = None
    for fault in report.faults:
        if _about(fault) == "STORE":
            head_error = RolledBackError(
                fault.rule, agency=report.agency, file=file.name, file_seq=fault.seq, store_seq=report.head_seq
            )
    anchored = [each for each in report.faults if _about(each) == "CHECKPOINT" or each.rule == "E-AUDIT-KEY"]
    paper_seq = brought.paper[0] if brought.paper else 0
    return Proof(
        agency=report.agency,
        head=Head(report.agency, report.head_seq, report.head_hash),
        fault=ChainFault(broken.seq, broken.rule) if broken else None,
        head_error=head_error,
        on_file_seq=report.head_seq,
        agreement=None if broken else _agreement(report),
        first_at=report.first_at,
        last_at=report.last_at,
        lost=tuple((seq, Head(report.agency, end, "")) for seq, end, _ in report.lost),
        pruned=report.pruned,
        follows=report.follows,
        span=report.span,
        joined=report.joined,
        before=report.before[0],
        short_at=next((fault.seq for fault in report.faults if fault.rule == "E-AUDIT-RANGE"), 0),
        anchored=None
        if broken
        else Anchored(report.checkpoints, report.checkpoints_of, tuple(report.keys), tuple(anchored), paper_seq),
    )


def _agreement(report: Report) -> Agreement:
    from connector.store.agreement import Agreement

    differs = next((fault.seq for fault in report.faults if fault.rule == "E-AUDIT-PRUNED"), 0)
    return Agreement(report.versions, report.sendings, *report.ledger, report.receipts, differs)


_CHAIN = ("E-AUDIT-GAP", "E-AUDIT-HASH", "E-AUDIT-PREV", "E-AUDIT-FORM")


def _about(fault: Fault) -> str:
    """Return what the rule of a finding is about: EXPORT, AUDIT, STORE or CHECKPOINT."""
    return fault.rule.split("-")[1]
