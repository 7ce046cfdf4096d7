"""`/<agency>/`: how an agency stands. The figures are worked out beside the pages; each page says of when they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from werkzeug.wrappers import Response

from connector.core.model import KINDS
from connector.telling import overview
from connector.telling.overview import Overview
from connector.web.board import COUNTED
from connector.web.charts import chart_of
from connector.web.page import READERS, Page
from connector.web.visit import Visit

COLUMNS = ("delivered", "returned", "pending", "sending", "unknown", "rejected", "quarantined", "not_sent", "retracted")
"""Columns of the table of states, in the order in which a record goes through them."""

ALWAYS = ("delivered", "pending", "unknown", "rejected", "quarantined")
"""Columns that are there also where nothing is in them: that is what one looks for."""

PERIODS = (30, 365)
"""Days that the charts may show."""


def show(visit: Visit) -> Response:
    """Show what people have to do, the states by kind, and how channel and service are."""
    found = visit.hall.boards.value(visit.agency)
    if found is None:
        return visit.page("overview_later.html", status=202)
    board, say = found.value, visit.say
    period = int(visit.arg("days", among=[str(days) for days in PERIODS]) or PERIODS[0])
    columns = [state for state in COLUMNS if state in ALWAYS or board.view.total(state)]
    return visit.page(
        "overview.html",
        view=board.view,
        at=found.at,
        columns=columns,
        heads=[say("table.record"), (say("table.total"), "figure"), *((say(f"state.{c}"), "figure") for c in columns)],
        kinds=KINDS,
        total=sum(sum(by_state.values()) for by_state in board.view.states.values()),
        to_do=overview.to_do(visit.voice, board.view),
        by_itself=overview.by_itself(visit.voice, board.view),
        facts=board.facts[say.language],
        period=period,
        periods=PERIODS,
        charts=[chart_of(board.days[-period:], name, say, say(f"console.chart.{name}")) for name in COUNTED],
        guards=list(_guards(visit, board.view)),
        lists_records=visit.has("records"),
    )


def _guards(visit: Visit, view: Overview) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Every plan that a guard has stopped: its sentence, and its numbers."""
    say = visit.say
    for guard in view.guards:
        numbers = [(_name(visit, name), _figure(visit, count)) for name, count in guard.numbers.items()]
        yield say.first(f"guard.{guard.name}", "guard.other", plan=guard.plan), numbers


def _name(visit: Visit, name: str) -> str:
    return visit.say.label("kind" if visit.say.has(f"kind.{name}") else "number", name)


def _figure(visit: Visit, count: Any) -> str:
    return visit.say.number(count) if isinstance(count, int) else str(count)


PAGE = Page("overview", "/<agency>/", show, READERS, in_menu=True)
