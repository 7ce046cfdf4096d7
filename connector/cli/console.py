"""`kntc console`: serve the pages for auditors and operators, in the foreground, on loopback unless configured."""

from __future__ import annotations

import threading
from typing import Annotated

import typer

from connector.cli.opening import at_once, desk_of
from connector.cli.working import stopped_by_signals
from connector.errors import ConfigError


def console(
    ctx: typer.Context,
    host: Annotated[str | None, typer.Option("--host")] = None,
    port: Annotated[int | None, typer.Option("--port", min=0, max=65_535)] = None,
) -> None:
    """Serve the console until a signal comes; print its address."""
    if ctx.invoked_subcommand is not None:
        return
    with at_once():
        from connector.web.hall import opened
        from connector.web.serving import served
        from connector.web.settings import settings_of

    desk = desk_of(ctx, log_level="info")
    settings = settings_of(desk.config.console, desk.config.path.name, host, port)
    stop = threading.Event()
    with opened(desk.config, settings) as hall:
        if not hall.accounts.all():
            raise ConfigError("E-CONSOLE-NO-USERS")
        with stopped_by_signals(stop), served(hall) as address:
            desk.screen.heading(desk.say("console.listens"), desk.environment_label)
            desk.screen.pair(desk.say("console.address"), address)
            desk.screen.line(desk.say("console.stop"))
            desk.screen.out.flush()
            stop.wait()
    desk.screen.line(desk.say("console.stopped"))
