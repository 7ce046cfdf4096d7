"""The command line: one file per noun, words from one catalogue, exit codes from `errors.py`.

Floor 4. Commands import what they need when they run: `kntc --help` loads neither the store nor the network.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from connector.streams import patient_stderr

VALUED = ("--config", "-c", "--lang")
WITH_VALUE = ("--config=", "--lang=")
BARE = ("--quiet", "-q", "--verbose", "-v")
"""The global options as they are written: the value behind them, the value in them, without one."""


def main(args: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. `args`: without the program's name; default: those of the process."""
    given = hoisted([_as_text(arg) for arg in (sys.argv[1:] if args is None else args)])
    try:
        with patient_stderr():
            return _run(given)
    except KeyboardInterrupt:  # so early that nothing was read yet; later ones are told in failing.py
        print(_interrupted(given), file=sys.stderr)
        return 1


def _as_text(arg: str) -> str:
    """Return an argument as text. Bytes that are none came from another encoding: only as the name of a file that is
    there do they mean anything."""
    try:
        arg.encode()
    except UnicodeEncodeError:
        return arg if os.path.lexists(arg) else arg.encode("utf-8", "replace").decode()
    return arg


def _run(given: Sequence[str]) -> int:
    from connector.cli import failing, tree
    from connector.cli.opening import Asked

    asked = Asked(language=_valued(given, "--lang"))
    asked.configured_language = _configured(given)
    command: Any = tree.worded(tree.command_for(given), asked.words())
    return failing.guarded(lambda: command.main(args=given, prog_name="kntc", standalone_mode=False, obj=asked), asked)


def hoisted(args: Sequence[str]) -> list[str]:
    """Return the arguments with the global options in front, wherever they were written."""
    front: list[str] = []
    rest: list[str] = []
    at = 0
    while at < len(args) and args[at] != "--":
        arg = args[at]
        if arg in VALUED and at + 1 < len(args):
            front += args[at : at + 2]
            at += 1
        elif arg in BARE or arg.startswith(WITH_VALUE):
            front.append(arg)
        else:
            rest.append(arg)
        at += 1
    return [*front, *rest, *args[at:]]


def _configured(given: Sequence[str]) -> str | None:
    from connector.config_path import find_config, language_in

    path = _valued(given, "--config", "-c")
    return language_in(find_config(Path(path) if path else None))


def _interrupted(given: Sequence[str]) -> str:
    from connector.telling.words import Words, language_of

    say = Words(language_of(_valued(given, "--lang"), _configured(given)))
    return f"{say('error.head')} {say('E-INTERRUPTED.what')} (E-INTERRUPTED)"


def _valued(args: Sequence[str], *names: str) -> str | None:
    """Return what a global option says, before the arguments are parsed: help and usage errors speak its language."""
    for at, arg in enumerate(args):
        if arg == "--":
            return None
        if arg in names and at + 1 < len(args):
            return args[at + 1]
        if "=" in arg and arg.partition("=")[0] in names:
            return arg.partition("=")[2]
    return None
