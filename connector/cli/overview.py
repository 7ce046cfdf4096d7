"""How one agency stands, printed by parts and as machines read it (see `telling.overview`).

May import: screen, opening, telling.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.cli.opening import Desk
from connector.cli.screen import WIDTH, wrapped
from connector.core.model import KINDS
from connector.telling import naming, overview
from connector.telling.overview import Overview

COLUMNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("delivered", ("delivered",)),
    ("returned", ("returned",)),
    ("pending", ("pending", "sending")),
    ("unknown", ("unknown",)),
    ("rejected", ("rejected",)),
    ("quarantined", ("quarantined",)),
    ("not_sent", ("not_sent", "retracted")),
)
"""Columns of the counts table, and the states that each adds up."""


def as_json(view: Overview, name: str) -> dict[str, Any]:
    """Return the view as machines read it."""
    return {
        "agency": view.agency,
        "name": name,
        "partial": view.partial,
        "states": {str(kind): dict(by_state) for kind, by_state in view.states.items()},
        "blocked": view.blocked,
        "returned": view.total("returned"),
        "exposed": view.exposed,
        "waiting_for_a_person": dict(view.waiting),
        "gone_undecided": view.undecided,
        "settling": view.settling,
        "verified_through": {str(kind): at for kind, at in view.verified.items()},
        "reconcile_open": view.unmended,
        "signs_of_another_sender": view.others,
        "channel": {
            "held_since": view.channel.held_since,
            "held_until": view.channel.held_until,
            "rule": view.channel.rule or "",
            "paced_until": view.channel.paced_until(view.now),
            "paused": view.channel_pause is not None,
        },
        "last_success": dict(view.jobs),
        "failures": {job: {"what": failure.what, "at": failure.at} for job, failure in view.failures.items()},
        "store_error": view.store_error.id if view.store_error else "",
        "approved_waiting": [
            {"plan": guard.plan, "name": guard.name, "by": guard.approved_by, "at": guard.approved_at}
            for guard in view.approved
        ],
        "guards": [
            {"plan": guard.plan, "name": guard.name, "numbers": guard.numbers, "tripped_at": guard.tripped_at}
            for guard in view.guards
        ],
        "pauses": [
            {"kind": p.kind, "local_id": p.local_id, "by": p.by, "at": p.at, "reason": _reason_of(view, p)}
            for p in view.pauses
        ],
        "books": [
            {
                "kind": str(book.kind),
                "source": book.source,
                "current": book.current,
                "refused_secret": book.refused_secret,
                "excluded": book.excluded,
                "unseen": book.unseen,
                "unexplained": book.unexplained,
                "keyless": book.keyless,
                "settling": book.settling,
                "balanced": book.balanced,
            }
            for book in view.books
        ],
        "excluded": dict(view.excluded),
        "requests_open": view.asked,
        "pull_stopped": view.pull_stopped,
        "pull_rebuilding": view.rebuilding,
        "pull_rebuilt": {"at": view.rebuilt[0], **view.rebuilt[1]} if view.rebuilt else None,
        "impossible_changes": view.odd,
        "feed_unreadable": view.unreadable,
        "attachments_unsent": view.unsent_files,
        "next_due": view.next_due,
        "oldest_pending": view.oldest_pending,
        "signs": {name: {"value": noted.value, "at": noted.at} for name, noted in sorted(view.signs.items())},
    }


def _reason_of(view: Overview, pause: Any) -> str:
    """How the reason stands to the log: its words are free text, which no JSON carries."""
    told = view.pause_reasons.get((pause.kind, pause.local_id))
    return told.standing if told else ""


# --- the parts as people read them ---------------------------------------------------------------------------------


def print_counts(desk: Desk, view: Overview) -> None:
    """Print the table of kinds by state."""
    say = desk.say
    heads = [say("table.record"), say("table.total"), *(say(f"table.{name}") for name, _ in COLUMNS)]
    rows = []
    for kind in KINDS:
        by_state = view.states.get(kind, {})
        rows.append([say.label("kind", kind), *_figures(by_state)])
    sums = [sum(int(row[at]) for row in rows) for at in range(1, len(heads))]
    shown = [[row[0], *(say.number(int(cell)) for cell in row[1:])] for row in rows]
    desk.screen.table(heads, [*shown, [say("table.sum"), *(say.number(count) for count in sums)]])


def _figures(by_state: Mapping[str, int]) -> list[str]:
    columns = [sum(by_state.get(state, 0) for state in states) for _, states in COLUMNS]
    return [str(sum(by_state.values())), *(str(count) for count in columns)]


def print_books(desk: Desk, view: Overview) -> None:
    """Print the sum of each kind that does not come out; nothing where all do."""
    for book in view.books:
        if not book.balanced:
            kind = desk.say.label("kind", book.kind)
            desk.screen.line(
                desk.say(
                    "status.unbalanced", kind=kind, source=book.source, unseen=book.unseen, current=book.current,
                    secret=book.refused_secret, excluded=book.excluded, unexplained=book.unexplained,
                ),
                hang=2,
            )  # fmt: skip


def print_guards(desk: Desk, view: Overview) -> None:
    """Print every plan that a guard has stopped, with its numbers: what is to be compared before it is approved."""
    for guard in view.guards:
        desk.screen.line()
        print_numbers(desk, guard)


def print_numbers(desk: Desk, guard: Any) -> None:
    """Print one stopped plan: its name, and its numbers by kind."""
    desk.screen.line(desk.say.first(f"guard.{guard.name}", "guard.other", plan=guard.plan))
    for name, count in guard.numbers.items():
        is_kind = desk.say.has(f"kind.{name.partition('@')[0]}")
        label = naming.kind_of_source(desk.say, name) if is_kind else desk.say.label("number", name)
        shown = desk.say.number(count) if isinstance(count, int) else str(count)
        desk.screen.pair(f"  {label}", shown)


def print_to_do(desk: Desk, view: Overview) -> None:
    """Print what people have to do, then what goes by itself and when."""
    items = overview.to_do(desk, view)
    if items:
        desk.screen.line(desk.say("todo.head"))
    for number, (text, command) in enumerate(items, 1):
        desk.screen.lines(_item(f"{number}. {text}", command))
    for sentence in overview.by_itself(desk, view):
        desk.screen.line(sentence)


def _item(text: str, command: str) -> list[str]:
    column = 48
    if len(text) + 2 < column and column + len(command) <= WIDTH:
        return [f"  {text}".ljust(column) + command]
    return [*wrapped(text, 2, 5), f"     {command}"]
