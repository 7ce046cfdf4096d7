"""`kntc version`, `kntc help ERROR-ID`, `kntc demo`: what this is, what a message means, what it can do."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Annotated

import typer

from connector.cli.opening import Asked, JsonOption
from connector.cli.screen import standard
from connector.errors import DataError, KntcError
from connector.telling.words import messages

DEMO_FOLDER = Path("kntc-demo")


def version(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """Print the version of the program and of what its safety stands on."""
    import sqlite3

    from connector import __version__

    asked: Asked = ctx.obj
    screen = standard(asked.words(), as_json=as_json)
    parts = {"version": __version__, "python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    try:
        import sqlcipher3.dbapi2

        parts["sqlcipher_sqlite"] = sqlcipher3.dbapi2.sqlite_version
    except ImportError:
        parts["sqlcipher_sqlite"] = ""
    if as_json:
        screen.json("version", "", **parts)
        return
    screen.line(f"kntc {parts['version']}")
    screen.line(
        f"Python {parts['python']}, SQLite {parts['sqlite']}, SQLCipher (SQLite {parts['sqlcipher_sqlite'] or '-'})"
    )


def help_(
    ctx: typer.Context,
    error_id: Annotated[str | None, typer.Argument(metavar="ERROR-ID")] = None,
) -> None:
    """Print the page of an error id: what it means, why, what to do. Without an id: the list of all."""
    asked: Asked = ctx.obj
    screen = standard(asked.words())
    ids = sorted({id_.partition(".")[0] for id_ in messages() if id_.startswith("E-")})
    if error_id is None:
        for id_ in ids:
            screen.pair(id_, screen.say.error(id_).what, width=26)
        return
    asked_id = error_id.upper()
    if asked_id not in ids:
        raise DataError("E-HELP-UNKNOWN", id=error_id[:40])
    text = screen.say.error(asked_id)
    screen.heading(asked_id, "")
    screen.pair(screen.say("help_page.what"), text.what, width=14)
    screen.pair(screen.say("help_page.why"), text.why, width=14)
    screen.pair(screen.say("help_page.next"), text.next, width=14)


def demo(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Option("--folder")] = DEMO_FOLDER,
    seed: Annotated[int, typer.Option("--seed")] = 2023,
    as_json: JsonOption = False,
) -> None:
    """Show the whole job on generated data, with a national side that loses answers on purpose."""
    from connector import logs

    try:
        from connector.cli.demo import run_demo
    except ModuleNotFoundError as error:
        if error.name != "connector.cli.demo":
            raise
        raise KntcError("E-DEMO-ABSENT") from None
    asked: Asked = ctx.obj
    logs.set_up("info" if asked.verbose else "error")
    raise typer.Exit(run_demo(asked, folder, seed, as_json=as_json))
