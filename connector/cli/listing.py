"""Records in a list, and the reason why one is where it is: two lines each, no value of a record.

May import: screen, opening, telling.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from connector.cli.opening import Desk
from connector.cli.screen import spread
from connector.telling import naming, records
from connector.telling.words import clipped

if TYPE_CHECKING:
    from connector.app import App
    from connector.store.views import Line


def print_records(desk: Desk, app: App, lines: Iterable[Line]) -> None:
    """Print each record with its state, since when, and why."""
    count = 0
    for count, line in enumerate(lines, 1):  # noqa: B007  counted for the sentence below
        right = desk.say("list.since", since=line.since, span=desk.say.span((app.now() - line.since).total_seconds()))
        left = f"{naming.record(desk.say, line.key)}: {desk.say.label('state', line.state)}"
        for text in spread(clipped(left, 77), right):
            desk.screen.line(text)
        for text in records.reasons(desk, app, line):
            desk.screen.line(text, indent=2, hang=4)
    if not count:
        desk.screen.line(desk.say("list.none"))


def as_json(line: Line) -> dict[str, Any]:
    """Return a record as machines read it. The words of a national refusal stay behind: they are class C2."""
    return {
        "key": str(line.key),
        "agency": line.key.agency,
        "kind": str(line.key.kind),
        "local_id": line.key.local_id,
        "version": line.version,
        "state": line.state,
        "cause": line.cause,
        "rule": line.rule,
        "since": line.since,
        "next_attempt_at": line.next_attempt_at,
        "attempt": line.attempt,
        "problems": [{name: value for name, value in problem.items() if name != "text"} for problem in line.problems],
        "national_id": line.national_id,
        "acknowledged_by": line.acknowledged_by,
        "parent": str(line.parent) if line.parent else "",
        "gone": line.gone,
    }
