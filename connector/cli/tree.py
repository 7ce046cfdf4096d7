"""The tree of commands, and their help in the reader's language.

No noun holds words of its own: help texts stand in the catalogue under `help.<command>`, `option.<name>`
and, where a command means something else by the same name, `option.<command>.<name>`.
May import: typer and the files of the nouns, which import nothing heavy until they run.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Annotated, Any

import typer

from connector.cli import (
    BARE,
    VALUED,
    WITH_VALUE,
    about,
    attachments,
    audit,
    catalogue,
    checking,
    checkpoints,
    console,
    console_users,
    covering,
    differing,
    dossier,
    drafting,
    explain,
    exporting,
    extracting,
    holding,
    inspecting,
    kept,
    match_workbook,
    matching,
    mirror,
    pausing,
    places,
    previewing,
    pruning,
    quarantine,
    quarantine_workbook,
    reconciling,
    rekeying,
    resync,
    retiring,
    sandbox,
    sealing,
    status,
    testing,
    unknown,
    usage,
    withdrawing,
    working,
)
from connector.cli.opening import Asked, Misused
from connector.telling.words import LANGUAGES, Words

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 80},
)


@app.callback()
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


def _noun(name: str, below: typer.Typer = app, **commands: Any) -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    for verb, function in commands.items():
        group.command(verb)(function)
    below.add_typer(group, name=name)
    return group


app.command("sync")(working.sync)
app.command("status")(status.status)
app.command("list")(status.list_)
app.command("explain")(explain.explain)
_noun(
    "quarantine",
    list=quarantine.list_,
    show=quarantine.show,
    codes=quarantine.codes,
    retry=quarantine.retry,
    acknowledge=quarantine.acknowledge,
    workbook=quarantine_workbook.workbook,
    apply=quarantine_workbook.apply,
)
_noun("unknown", list=unknown.list_, show=unknown.show, link=unknown.link, send=unknown.send)
_noun("attachments", list=attachments.list_, retry=attachments.retry)
app.command("resync")(resync.resync)
app.command("withdraw")(withdrawing.withdraw)
app.command("approve")(pausing.approve)
app.command("retention")(retiring.retention)
app.command("reconcile")(reconciling.reconcile)
_noun("rekey", plan=rekeying.plan, approve=rekeying.approve)
app.command("pause")(pausing.pause)
app.command("hold")(holding.hold)
app.command("resume")(pausing.resume)
app.command("run")(working.run)
app.command("collect")(working.collect)
app.command("push")(working.push)
app.command("resolve")(working.resolve)
app.command("pull")(working.pull)
app.command("check")(checking.check)
_noun(
    "mapping",
    draft=drafting.draft,
    check=checking.mapping_check,
    test=testing.mapping_test,
    preview=previewing.preview,
    coverage=covering.coverage,
    inspect=inspecting.inspect,
    diff=differing.diff,
)
_noun("places", workbook=places.workbook, apply=places.apply)
_noun("mirror", show=mirror.show, unreadable=mirror.unreadable)
_noun(
    "catalogue", pull=catalogue.pull, diff=catalogue.diff, match=matching.match, apply=match_workbook.apply,
)  # fmt: skip
_audit = _noun(
    "audit",
    log=audit.log,
    verify=audit.verify,
    checkpoint=checkpoints.checkpoint,
    export=exporting.export,
    extract=extracting.extract,
    dossier=dossier.dossier,
    kept=kept.kept,
    sealed=sealing.sealed,
    unseal=sealing.unseal,
    prune=pruning.prune,
)
_noun(
    "keys", _audit, new=checkpoints.keys_new, rotate=checkpoints.keys_rotate, show=checkpoints.keys_show,
    auditor=sealing.keys_auditor,
)  # fmt: skip
_console = typer.Typer(invoke_without_command=True, rich_markup_mode=None)
_console.callback()(console.console)
app.add_typer(_console, name="console")
_noun(
    "users", _console,
    list=console_users.list_, add=console_users.add, password=console_users.password, lock=console_users.lock,
    unlock=console_users.unlock, remove=console_users.remove,
)  # fmt: skip
app.command("sandbox")(sandbox.sandbox)
app.command("demo")(about.demo)
app.command("help")(about.help_)
app.command("version")(about.version)


def command_for(given: Sequence[str]) -> Any:
    """Return the command line's reader, with the one command that these arguments name, or with all of them.

    given: the global options stand in front. Making all commands takes longer than most of them run."""
    name = _first(given)
    one = copy(app)
    one.registered_commands = [command for command in app.registered_commands if command.name == name]
    one.registered_groups = [group for group in app.registered_groups if group.name == name]
    known = one.registered_commands or one.registered_groups
    return typer.main.get_command(one if known else app)


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
    command.help = say(f"help.{path}" if path else "help.kntc")
    command.short_help = None
    for option in command.params:
        ids = (f"option.{path}.{option.name}", f"option.{option.name}")
        if found := next((id_ for id_ in ids if say.has(id_)), None):
            option.help = say(found)
    usage.speak(command, say)
    for name, inner in getattr(command, "commands", {}).items():
        worded(inner, say, f"{path}-{name}" if path else name)
    return command
