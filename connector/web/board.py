"""What the overview shows of one agency, worked out beside the pages: nothing of it is asked for by a page.

May import: telling, app, lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from connector import lock
from connector.app import App
from connector.telling import overview, standing
from connector.telling.overview import Overview
from connector.telling.voice import Voice
from connector.telling.words import LANGUAGES, Words


@dataclass(frozen=True, slots=True)
class Board:
    """How an agency stands, and the same in sentences, by language. Without the words of people's reasons: those may
    name somebody, and are read beside the record or order that they belong to."""

    view: Overview
    facts: Mapping[str, tuple[tuple[str, str], ...]]


def board_of(app: App, agency: str) -> Board:
    """Return the board of an agency, as of now."""
    view = replace(overview.overview(app, agency), approval_reasons={}, pause_reasons={})
    holder = lock.holder(app.config.data_dir)
    voices = {language: Voice(app.config, Words(language)) for language in LANGUAGES}
    return Board(view, {name: tuple(standing.facts(voice, app, view, holder)) for name, voice in voices.items()})
