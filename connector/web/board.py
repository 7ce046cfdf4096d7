"""What the overview shows of one agency, worked out beside the pages: nothing of it is asked for by a page.

May import: telling, app, lock, store; charts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from connector import lock
from connector.app import App
from connector.store import days
from connector.telling import overview, standing
from connector.telling.overview import Overview
from connector.telling.voice import Voice
from connector.telling.words import HERE, LANGUAGES, Words
from connector.web.charts import Days

LONGEST_DAYS = 365
"""So many days are kept ready for charts."""

COUNTED = ("recorded", "received", "rejected")
"""What is counted day by day (store/days.py)."""


@dataclass(frozen=True, slots=True)
class Board:
    """How an agency stands, and the same in sentences, by language. Without the words of people's reasons: those may
    name somebody, and are read beside the record or order that they belong to."""

    view: Overview
    facts: Mapping[str, tuple[tuple[str, str], ...]]
    days: Days


def board_of(app: App, agency: str) -> Board:
    """Return the board of an agency, as of now."""
    view = replace(overview.overview(app, agency), approval_reasons={}, pause_reasons={})
    holder = lock.holder(app.config.data_dir)
    voices = {language: Voice(app.config, Words(language)) for language in LANGUAGES}
    facts = {name: tuple(standing.facts(voice, app, view, holder)) for name, voice in voices.items()}
    return Board(view, facts, _days(app, agency))


def _days(app: App, agency: str) -> Days:
    """Return the counts of a year, day by day, today among them."""
    today = app.now().astimezone(HERE).date()
    with app.store.read() as connection:
        found = days.per_day(connection, agency, today - timedelta(days=LONGEST_DAYS - 1), today)
    return tuple((day.day, {name: getattr(day, name) for name in COUNTED}) for day in found)
