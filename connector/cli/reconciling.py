"""`kntc reconcile`: whether ledger and National Database agree, record by record, and what an approved plan mends.

A comparison writes its report and nothing else; `--approve` carries out exactly the plan of the newest one. It works
also in a store that went back in time, and is the only way out of that.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli import failing
from connector.cli.opening import (
    AgencyOption,
    Desk,
    DryRunOption,
    JsonOption,
    ReasonOption,
    desk_of,
    holder_of_lock,
    opened,
    person,
    reason_of,
)
from connector.cli.working import stopped_by_signals
from connector.core.accord import OPEN, Accord, Fix
from connector.core.model import KINDS, Kind, RecordKey
from connector.errors import ExitCode, RemoteError
from connector.telling import naming

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connector.app import App

SHOWN_RECORDS = 10
"""So many records of one finding are printed; JSON has all of them."""

COLUMNS = (
    Accord.AGREES, Accord.MISSING_REMOTE, Accord.MISSING_LOCAL, Accord.DIFFERS, Accord.ORPHAN, Accord.DUPLICATE,
    Accord.MIRROR_BEHIND, Accord.NOT_CONFIRMABLE,
)  # fmt: skip


def reconcile(
    ctx: typer.Context,
    agency: AgencyOption = None,
    approve_plan: Annotated[str | None, typer.Option("--approve")] = None,
    reason: ReasonOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Compare and show the report, or carry out an approved plan; --dry-run shows the newest report, or what the plan
    would do."""
    desk = desk_of(ctx, as_json=as_json)
    if approve_plan is not None:
        _approve(desk, agency, approve_plan, reason, dry_run=dry_run)
        return
    stop = threading.Event()
    codes = desk.agencies(agency)
    if dry_run:
        with opened(desk, look=True) as app:
            raise typer.Exit(_report(desk, app, codes, {}, dry_run=True))
    with opened(desk, stop=stop) as app, app.reading_lock(), stopped_by_signals(stop):
        undone = {code: how for code in codes if (how := _compare(desk, app, code))}
        if stop.is_set():
            desk.screen.error(desk.say.error("E-INTERRUPTED"))
        raise typer.Exit(_report(desk, app, codes, undone, dry_run=False))


def _compare(desk: Desk, app: App, code: str) -> str:
    """Compare one agency; return "" or why it was not: an error id, `held`, `stopped`. None stops the others."""
    total: Counter[str] = Counter()
    try:
        for counts in app.reconcile(code):
            total.update(counts)
    except RemoteError as error:
        failing.show(error, desk.screen)
        app.note_failure(code, "reconcile", error)
        return error.id
    app.note_success(code, "reconcile", total)
    kept_away = any(total[why] for why in ("held", "paced", "paused"))
    return "" if total["compared"] else ("held" if kept_away else "stopped")


# --- the report ----------------------------------------------------------------------------------------------------


def _report(desk: Desk, app: App, codes: Sequence[str], undone: dict[str, str], *, dry_run: bool) -> ExitCode:
    """Print the newest report of every agency and return the exit code: 69 where the national side could not be asked,
    1 where something is found, else 0."""
    from connector.store import comparisons

    worst = ExitCode.DONE
    shown: list[dict[str, Any]] = []
    for code in codes:
        with app.store.read() as connection:
            run = comparisons.newest(connection, code)
            items = list(comparisons.items(connection, run.id)) if run else []
            through = comparisons.verified(connection, code)
        found = run is not None and bool(items or run.unreadable or run.lost_seq is not None)
        one = ExitCode.PARTIAL if found or undone.get(code) == "stopped" or run is None else ExitCode.DONE
        one = ExitCode.REMOTE_UNAVAILABLE if undone.get(code, "stopped") != "stopped" else one
        worst = max(worst, one)
        shown.append(_as_json(code, run, items, through, undone.get(code, "")))
        desk.screen.heading(desk.name_of(code), desk.environment_label)
        if undone.get(code) == "held":
            desk.screen.line(desk.say("reconcile.held"))
        if run is None:
            desk.screen.line(desk.say("reconcile.never"))
            continue
        _print_run(desk, app, run, items, through)
        text = desk.say("reconcile.differ", count=len(items), code=int(one)) if found else ""
        desk.screen.verdict(text or desk.say("reconcile.agree", code=int(one)), "care" if found else "good")
        _print_plan(desk, run, items)
    if dry_run:
        desk.screen.line(desk.say("reconcile.last_only"))
    if desk.screen.as_json:
        desk.screen.json("reconcile", desk.environment, dry_run=dry_run, agencies=shown, exit_code=int(worst))
    return worst


def _print_run(desk: Desk, app: App, run: Any, items: Sequence[Any], through: dict[Kind, Any]) -> None:
    say, screen = desk.say, desk.screen
    at = say.instant(run.finished_at)
    screen.line(say("reconcile.listed" if run.listed else "reconcile.looked", at=at), hang=2)
    if run.lost_seq is not None:
        screen.verdict(say("reconcile.went_back", store_seq=run.store_seq, lost_seq=run.lost_seq), "bad")
    screen.line()
    heads = [say("table.record"), *(say(f"reconcile.head.{accord}") for accord in COLUMNS)]
    rows = [[say.label("kind", kind), *_figures(say, run.counts.get(str(kind), {}))] for kind in KINDS]
    screen.table(heads, rows)
    screen.line()
    if run.unreadable:
        screen.line(say("reconcile.unreadable", count=run.unreadable))
    for kind in app.agency(run.agency).mapping.kinds if run.lost_seq is None else ():
        until = through.get(kind)
        name = "through_at" if until else "through_none"
        at = say.moment(until, app.now()) if until else ""
        screen.pair(say("reconcile.through"), say(f"reconcile.{name}", at=at, kind=say.label("kind", kind)))
    _print_findings(desk, items)


def _figures(say: Any, counts: dict[str, int]) -> Iterator[str]:
    return (say.number(counts.get(str(accord), 0)) for accord in COLUMNS)


def _print_findings(desk: Desk, items: Sequence[Any]) -> None:
    """Print each finding once: how many, who acts next, and the first records of it."""
    grouped: dict[tuple[str, str], list[Any]] = {}
    for item in items:
        grouped.setdefault((item.finding, item.how), []).append(item)
    for (finding, how), found in grouped.items():
        text = desk.say.first(f"reconcile.found.{finding}.{how}", f"reconcile.found.{finding}.any")
        desk.screen.line()
        desk.screen.line(f"{desk.say.number(len(found))}  {text}", hang=3)
        for item in found[:SHOWN_RECORDS]:
            desk.screen.line(_of_item(desk, item), indent=3, hang=5)
        if len(found) > SHOWN_RECORDS:
            desk.screen.line(desk.say("reconcile.more", count=len(found) - SHOWN_RECORDS), indent=3)
    if grouped:
        desk.screen.line()


def _of_item(desk: Desk, item: Any) -> str:
    record = naming.record(desk.say, RecordKey(item.agency, Kind(item.kind), item.local_id))
    if not item.local_id:
        return f"{record.strip()}: {desk.say('reconcile.national', id=item.national_id)}"
    versions = desk.say("reconcile.versions", ours=item.version or "-", theirs=item.national_version or "-")
    outcome = f" ({desk.say.label('reconcile.outcome', item.outcome)})" if item.outcome else ""
    return f"{record}  {versions}{outcome}"


def _print_plan(desk: Desk, run: Any, items: Sequence[Any]) -> None:
    if not run.plan:
        return
    if run.approved_by is not None:
        text = desk.say("reconcile.approved", plan=run.plan, by=run.approved_by, at=run.approved_at)
        desk.screen.line(text)
        if run.done_at is not None:
            return
        desk.screen.line(desk.say("reconcile.broken_off"))
    else:
        desk.screen.line(desk.say("reconcile.plan", plan=run.plan, count=_to_do(items)))
    desk.screen.line(f"kntc reconcile --approve {run.plan} --agency {run.agency} --reason …", indent=2)


def _to_do(items: Sequence[Any]) -> int:
    return sum(item.fix not in (Fix.PERSON, Fix.NOTHING) and item.outcome is None for item in items)


def _as_json(code: str, run: Any | None, items: Sequence[Any], through: dict[Kind, Any], undone: str) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "agency": code,
        "not_compared": undone,
        "verified_through": {str(kind): at for kind, at in through.items()},
    }
    if run is None:
        return shape | {"finished_at": None, "items": []}
    lost = {"log_at": run.lost_seq, "store_at": run.store_seq} if run.lost_seq is not None else None
    return shape | {
        "finished_at": run.finished_at,
        "listed": bool(run.listed),
        "counts": run.counts,
        "unreadable": run.unreadable,
        "went_back": lost,
        "plan": run.plan,
        "approved_by": run.approved_by or "",
        "done_at": run.done_at,
        "findings": sum(item.finding in OPEN for item in items),
        "items": [
            {
                "kind": item.kind,
                "local_id": item.local_id,
                "finding": item.finding,
                "how": item.how,
                "fix": item.fix,
                "version": item.version,
                "state": item.state,
                "national_id": item.national_id,
                "national_version": item.national_version,
                "national_status": item.national_status,
                "outcome": item.outcome or "",
            }
            for item in items
        ],
    }


# --- carrying out --------------------------------------------------------------------------------------------------


def _approve(desk: Desk, agency: str | None, plan: str, reason: str | None, *, dry_run: bool) -> None:
    """Carry out the plan of one agency. Also while the daemon runs: each step is a short transaction."""
    from connector.store import comparisons, mends

    stop = threading.Event()
    with opened(desk, look=dry_run, stop=stop) as app:
        code = desk.one_agency(agency)
        with app.store.read() as connection:
            run = mends.run_of_plan(connection, code, plan)
            items = list(comparisons.items(connection, run.id, fixable=True))
        desk.screen.heading(desk.name_of(code), desk.environment_label)
        if dry_run:
            _print_findings(desk, items)
            desk.screen.line(desk.say("reconcile.would_do", count=_to_do(items)))
            return
        why = reason_of(reason)
        total: Counter[str] = Counter()
        with stopped_by_signals(stop):
            for counts in app.mend(code, plan, why):
                total.update(counts)
        for outcome, count in total.items():
            desk.screen.pair(f"  {desk.say.label('reconcile.outcome', outcome)}", desk.say.number(count), width=24)
        if stop.is_set():
            desk.screen.line(desk.say("reconcile.broken_off"))
            raise typer.Exit(ExitCode.PARTIAL)
        desk.screen.line(desk.say("reconcile.done", plan=plan, by=person().name))
        if total:
            desk.screen.line(desk.say("reconcile.next_run" if not holder_of_lock(app) else "approve.by_daemon"))
        if desk.screen.as_json:
            desk.screen.json("reconcile", desk.environment, agency=code, plan=plan, outcomes=dict(total))
