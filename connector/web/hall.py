"""What all pages stand on, built once: see `opened`.

May import: app, edges, store, telling; settings, board, figures, notes, proving.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from connector.app import App, open_app, open_log, utc_now
from connector.config import Config
from connector.core.model import Actor, Kind
from connector.edges import file_key_of
from connector.store import mirrored
from connector.store.accounts import ACCOUNTS_FILE, Accounts
from connector.store.db import Right
from connector.web.board import Board, board_of
from connector.web.figures import Refreshed
from connector.web.notes import Notes
from connector.web.proving import Proving
from connector.web.settings import Settings

ACTOR = Actor("console", "console")


@dataclass(frozen=True, slots=True)
class Hall:
    """The App, whose store is opened for reading only; the log, to which entries may be added; the accounts; the
    figures that are worked out beside the pages."""

    app: App
    notes: Notes
    accounts: Accounts
    settings: Settings
    boards: Refreshed[Board]
    nationals: Refreshed[dict[Kind, dict[str, int]]]
    proving: Proving
    now: Callable[[], datetime]
    downloading: Lock = field(default_factory=Lock)
    """Held while a download is made in memory: one at a time."""

    def close(self) -> None:
        """Stop what is worked out beside the pages."""
        self.proving.close()
        self.boards.close()
        self.nationals.close()


@contextmanager
def opened(config: Config, settings: Settings, now: Callable[[], datetime] = utc_now) -> Iterator[Hall]:
    """Give the hall of a console; close everything at the end.

    Raises ConfigError, StoreError (no store yet, or an older one), LockedError."""
    with (
        open_log(config, now) as log,  # first: it plays what a killed process left, which a reader may not
        open_app(config, ACTOR, right=Right.READ, now=now) as app,
        accounts_of(config) as accounts,
    ):
        hall = Hall(
            app=app,
            notes=Notes(log),
            accounts=accounts,
            settings=settings,
            boards=Refreshed(lambda code: board_of(app, code), now),
            nationals=Refreshed(lambda code: _nationals(app, code), now),
            proving=Proving(app, now),
            now=now,
        )
        try:
            yield hall
        finally:
            hall.close()


def _nationals(app: App, agency: str) -> dict[Kind, dict[str, int]]:
    with app.store.read() as connection:
        return mirrored.national_counts(connection, agency)


@contextmanager
def accounts_of(config: Config) -> Iterator[Accounts]:
    """Give the console's accounts, which lie beside the store. Raises ConfigError, StoreError."""
    path = config.data_dir / ACCOUNTS_FILE
    with Accounts.open(path, key=file_key_of(config), busy_timeout_s=config.store.busy_timeout_s) as accounts:
        yield accounts
