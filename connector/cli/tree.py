"""The tree of commands, and their help in the reader's language.

No noun holds words of its own: help texts stand in the catalogue under `help.<command>`, `option.<name>`
and, where a command means something else by the same name, `option.<command>.<name>`.
May import: typer. The file of a noun is loaded when one of its commands is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from connector.cli import BARE, VALUED, WITH_VALUE, usage
from connector.cli.opening import Asked, Misused
from connector.telling.words import LANGUAGES, Words

COMMANDS: Mapping[str, Any] = {
    "sync": "working.sync",
    "status": "status.status",
    "list": "status.list_",
    "explain": "explain.explain",
    "quarantine": {
        "list": "quarantine.list_",
        "show": "quarantine.show",
        "codes": "quarantine.codes",
        "retry": "quarantine.retry",
        "acknowledge": "quarantine.acknowledge",
        "workbook": "quarantine_workbook.workbook",
        "apply": "quarantine_workbook.apply",
    },
    "unknown": {
        "list": "unknown.list_",
        "show": "unknown.show",
        "link": "unknown.link",
        "send": "unknown.send",
    },
    "attachments": {"list": "attachments.list_", "retry": "attachments.retry"},
    "resync": "resync.resync",
    "withdraw": "withdrawing.withdraw",
    "approve": "pausing.approve",
    "retention": "retiring.retention",
    "reconcile": "reconciling.reconcile",
    "rekey": {"plan": "rekeying.plan", "approve": "rekeying.approve"},
    "pause": "pausing.pause",
    "hold": "holding.hold",
    "resume": "pausing.resume",
    "run": "working.run",
    "collect": "working.collect",
    "push": "working.push",
    "resolve": "working.resolve",
    "pull": "working.pull",
    "check": "checking.check",
    "mapping": {
        "draft": "drafting.draft",
        "check": "checking.mapping_check",
        "test": "testing.mapping_test",
        "preview": "previewing.preview",
        "coverage": "covering.coverage",
        "inspect": "inspecting.inspect",
        "diff": "differing.diff",
    },
    "places": {"workbook": "places.workbook", "apply": "places.apply"},
    "mirror": {"show": "mirror.show", "unreadable": "mirror.unreadable"},
    "catalogue": {
        "pull": "catalogue.pull",
        "diff": "catalogue.diff",
        "match": "matching.match",
        "apply": "match_workbook.apply",
    },
    "audit": {
        "log": "audit.log",
        "verify": "audit.verify",
        "checkpoint": "checkpoints.checkpoint",
        "export": "exporting.export",
        "extract": "extracting.extract",
        "dossier": "dossier.dossier",
        "kept": "kept.kept",
        "sealed": "sealing.sealed",
        "unseal": "sealing.unseal",
        "prune": "pruning.prune",
        "keys": {
            "new": "checkpoints.keys_new",
            "rotate": "checkpoints.keys_rotate",
            "show": "checkpoints.keys_show",
            "auditor": "sealing.keys_auditor",
        },
    },
    "console": {
        "": "console.console",
        "users": {
            "list": "console_users.list_",
            "add": "console_users.add",
            "password": "console_users.password",
            "lock": "console_users.lock",
            "unlock": "console_users.unlock",
            "remove": "console_users.remove",
        },
    },
    "sandbox": "sandbox.sandbox",
    "demo": "about.demo",
    "help": "about.help_",
    "version": "about.version",
}
"""Which function of which file of this folder does what, in the order of the help page. Under "": what the noun itself
does, where it does anything."""

HELP = ("--help", "-h")


def root(
    ctx: typer.Context,
    config: Annotated[Path | None, typer.Option("--config", "-c", readable=False)] = None,
    lang: Annotated[str | None, typer.Option("--lang")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q")] = False,
    verbose: Annotated[int, typer.Option("--verbose", "-v", count=True, show_default=False)] = 0,
) -> None:
    """Take the global options."""
    asked: Asked = ctx.obj
    if lang is not None and lang not in LANGUAGES:
        raise Misused("E-USAGE", detail=f"--lang {lang}", usage="kntc --help")
    asked.config_path, asked.language, asked.quiet, asked.verbose = config, lang, quiet, verbose


def command_for(given: Sequence[str]) -> Any:
    """Return the command line's reader, with the one command that these arguments name; where they name none, with
    all names and nothing behind them: to be listed, or to be guessed at.

    given: the global options stand in front. Loading and making all commands takes longer than most of them run."""
    name = _first(given)
    if name in COMMANDS:
        return made({name: COMMANDS[name]})
    if name.startswith("-") and name not in HELP:
        return made(COMMANDS)  # options written together: which command is meant, only the library can tell
    return made(dict.fromkeys(COMMANDS, ""))


def made(commands: Mapping[str, Any] = COMMANDS) -> Any:
    """Return the command line's reader with these commands, and their files loaded."""
    app = typer.Typer(
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": [*HELP], "max_content_width": 80},
    )
    app.callback()(root)
    _add(app, commands)
    return typer.main.get_command(app)


def _add(group: typer.Typer, commands: Mapping[str, Any]) -> None:
    for name, what in commands.items():
        if name == "":
            group.callback()(_function(what))
        elif isinstance(what, str):
            group.command(name)(_function(what))
        else:
            inner = typer.Typer(
                no_args_is_help="" not in what, invoke_without_command="" in what, rich_markup_mode=None
            )
            _add(inner, what)
            group.add_typer(inner, name=name)


def _function(place: str) -> Any:
    module, _, name = place.partition(".")
    return getattr(import_module(f"connector.cli.{module}"), name) if place else _nothing


def _nothing() -> None:
    """Stand for a command that is only listed."""


def _first(given: Sequence[str]) -> str:
    """The first argument that is no global option; what cannot be told apart here gives no command's name."""
    rest = iter(given)
    for arg in rest:
        if arg in VALUED:
            next(rest, None)
        elif arg not in BARE and not arg.startswith(WITH_VALUE):
            return arg
    return ""


def worded(command: Any, say: Words, path: str = "") -> Any:
    """Return the command with its help, and that of all below it, in these words."""
    usage.speak(command, say, lambda: _explain(command, say, path))
    for name, inner in _below(command, path):
        worded(command.commands[inner], say, name)
    return command


def _explain(command: Any, say: Words, path: str) -> None:
    """Put the words of a help page in: the command's own, those of its options, and a line for each command below."""
    command.help = say(f"help.{path}" if path else "help.kntc")
    for option in command.params:
        ids = (f"option.{path}.{option.name}", f"option.{option.name}")
        if found := next((id_ for id_ in ids if say.has(id_)), None):
            option.help = say(found)
    for name, inner in _below(command, path):
        command.commands[inner].help, command.commands[inner].short_help = say(f"help.{name}"), None


def _below(command: Any, path: str) -> list[tuple[str, str]]:
    return [(f"{path}-{name}" if path else name, name) for name in getattr(command, "commands", {})]
