"""What every command begins with: the global options, the configuration, the words, an App, the agencies meant.

Nothing heavy is imported until a command needs it, so `--help` and usage errors answer at once.
May import: words, screen, errors; config, app and logs inside functions.
"""

from __future__ import annotations

import gc
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.screen import Screen, standard
from connector.errors import ExitCode, KntcError
from connector.telling.voice import Voice
from connector.telling.words import Words, language_of

if TYPE_CHECKING:
    from connector.app import App
    from connector.core.model import Actor

AgencyOption = Annotated[str | None, typer.Option("--agency")]
JsonOption = Annotated[bool, typer.Option("--json")]
DryRunOption = Annotated[bool, typer.Option("--dry-run")]
ReasonOption = Annotated[str | None, typer.Option("--reason")]
KindOption = Annotated[str | None, typer.Option("--kind")]


class Misused(KntcError):
    """The command line asks for something that cannot be meant: say it again."""

    exit_code = ExitCode.USAGE


@dataclass(slots=True)
class Asked:
    """The global options, and the language once it is known."""

    config_path: Path | None = None
    language: str | None = None
    quiet: bool = False
    verbose: int = 0
    configured_language: str | None = field(default=None, init=False)

    def words(self) -> Words:
        """Return the words in the language asked for, configured, or of the machine."""
        return Words(language_of(self.language, self.configured_language))


@dataclass(frozen=True, slots=True)
class Desk(Voice):
    """What a command works with once the configuration is read."""

    asked: Asked
    screen: Screen

    def one_agency(self, asked: str | None) -> str:
        """Return the one agency that a command may change. Raises Misused where it is not clear which."""
        codes = self.agencies(asked)
        if len(codes) > 1:
            raise Misused("E-AGENCY-NEEDED", known=", ".join(codes))
        return codes[0]


def desk_of(ctx: typer.Context, *, as_json: bool = False, log_level: str = "error") -> Desk:
    """Return the desk for a command: configuration read and checked, language chosen, logging set up.

    Raises ConfigError with all problems. Nothing has been opened."""
    with at_once():
        from connector import logs
        from connector.config_path import find_config
        from connector.loading import load

    asked: Asked = ctx.obj
    logs.set_up("info" if asked.verbose else log_level, sys.stderr)
    config = load(find_config(asked.config_path))
    asked.configured_language = config.connector.language
    say = asked.words()
    return Desk(config, say, asked, standard(say, quiet=asked.quiet, as_json=as_json))


@contextmanager
def at_once() -> Iterator[None]:
    """Load what a command needs without looking for garbage. What was loaded stays until the end, and is not looked
    through again: that took a quarter of a short command, and 0.1 s of whichever page the console was just making."""
    known = len(sys.modules)
    gc.disable()
    try:
        yield
    finally:
        if len(sys.modules) > known:
            gc.freeze()
        gc.enable()


def person() -> Actor:
    """Return who sits here: declared by the machine, not authenticated."""
    from connector.config import current_user
    from connector.core.model import Actor

    return Actor(current_user(), "cli")


@contextmanager
def opened(desk: Desk, *, create: bool = False, look: bool = False, stop: Event | None = None) -> Iterator[App]:
    """Give the App of the configuration; with `create`, make the store if there has never been one; with `look`,
    change no byte of it."""
    with at_once():
        from connector.app import open_app

    with open_app(desk.config, person(), create=create, look=look, stop=stop) as app:
        yield app


@contextmanager
def opened_on_trial(desk: Desk, stop: Event | None = None) -> Iterator[App]:
    """Give an App over an empty ledger in a temporary folder: for looking, where there is no store yet.

    Source and national side are the real ones; whatever is looked at, nothing stays anywhere."""
    from connector.app import open_app

    with tempfile.TemporaryDirectory(prefix="kntc-") as folder:
        section = desk.config.connector.model_copy(update={"data_dir": Path(folder)})
        with open_app(desk.config.model_copy(update={"connector": section}), person(), create=True, stop=stop) as app:
            yield app


@contextmanager
def opened_to_look(desk: Desk, stop: Event | None = None) -> Iterator[tuple[App, bool]]:
    """Give an App that will not be written to, and whether it has a ledger already (else an empty one)."""
    from connector.edges import STORE_FILE

    folder = desk.config.data_dir
    known = (folder / STORE_FILE).exists() or any(folder.glob("*.head.json"))
    with opened(desk, look=True, stop=stop) if known else opened_on_trial(desk, stop) as app:
        yield app, known


def holder_of_lock(app: App) -> str | None:
    """Return who holds the stage lock just now ("pid 7 …"), None if nobody does or nobody can tell."""
    from connector import lock

    return lock.holder(app.config.data_dir)


def reason_of(reason: str | None) -> str:
    """Return the reason given for an action of a person. Raises Misused if there is none."""
    if reason is None or not reason.strip():
        raise Misused("E-REASON-NEEDED")
    return reason.strip()[:500]
