"""`/<agency>/quarantine`: what is held back, by the mistake that holds it; and the records that one mistake holds."""

from __future__ import annotations

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from connector.core.model import KINDS, Cause, Kind
from connector.store import mistakes
from connector.store.mistakes import Group, Mistake
from connector.telling import naming, records
from connector.telling.words import ErrorText, plain
from connector.web.page import READERS, Page
from connector.web.visit import PAGE_ROWS, Visit

CAUSES = tuple(str(cause) for cause in Cause)
MOST_GROUPS = 300
MOST_ROW = 10**15


def show(visit: Visit) -> Response:
    """Show all mistakes, or with `kind` and `cause` the records of one."""
    with visit.app.store.read() as connection:
        groups = mistakes.groups(connection, visit.agency)
    if visit.arg("kind", among=KINDS):
        return _one(visit, groups)
    return visit.page(
        "quarantine.html",
        groups=[(group, _told(visit, group), _link(visit, group)) for group in groups[:MOST_GROUPS]],
        records=sum(group.count for group in groups),
        left_out=max(len(groups) - MOST_GROUPS, 0),
    )


def _one(visit: Visit, groups: list[Group]) -> Response:
    """Show the records of the mistake that the address names. Raises NotFound where it holds none (any more)."""
    wanted = Mistake(
        Kind(visit.arg("kind", among=KINDS)),
        visit.arg("cause", among=CAUSES),
        visit.arg("rule"),
        visit.arg("field"),
        visit.arg("column"),
    )
    group = next((one for one in groups if one.mistake == wanted), None)
    if group is None:
        raise NotFound
    after = visit.number("after", most=MOST_ROW) or 0
    with visit.app.store.read() as connection:
        lines = mistakes.of_mistake(connection, visit.agency, wanted, after, PAGE_ROWS + 1)
    shown = lines[:PAGE_ROWS]
    return visit.page(
        "quarantine_one.html",
        group=group,
        text=_told(visit, group),
        command=f"kntc quarantine show {group.example.kind} {plain(group.example.local_id)}",
        lines=[(line, naming.record(visit.say, line.key)) for line in shown],
        first=_link(visit, group) if after else "",
        after=_link(visit, group, shown[-1].at) if len(lines) > PAGE_ROWS else "",
    )


def _link(visit: Visit, group: Group, after: int | None = None) -> str:
    one = group.mistake
    return visit.link(
        "quarantine", kind=one.kind, cause=one.cause, rule=one.rule, field=one.pattern, column=one.column, after=after
    )


def _told(visit: Visit, group: Group) -> ErrorText:
    """Return what is wrong, why it is held and how to mend it; of a cause without problems what `kntc help` says."""
    say, key = visit.say, group.example
    if not group.mistake.rule:
        id_ = records.id_of_cause(group.mistake.cause)
        why = say.label("why", group.mistake.cause)
        ids = (f"next.quarantined.{group.mistake.cause}", "next.quarantined.other")
        what = say.label("cause", group.mistake.cause)
        return ErrorText(id_, what, why, say.first(*ids, id=key.local_id, kind=key.kind))
    field = records.field_label(visit.voice, visit.app, key, group.mistake.pattern)
    problem = {name: value for name, value in group.problem.items() if name != "text"}
    return records.error_text(visit.voice, key, problem, field)


PAGE = Page("quarantine", "/<agency>/quarantine", show, READERS, in_menu=True)
