"""The command line: one file per noun, words from one catalogue, exit codes from `errors.py`.

Floor 4. Commands import what they need when they run: `kntc --help` loads neither the store nor the network.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

_VALUED = ("--config", "-c", "--lang")
_BARE = ("--quiet", "-q", "--verbose", "-v")


def main(args: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. `args`: without the program's name; default: those of the process."""
    import typer

    from connector.cli import failing, tree
    from connector.cli.opening import Asked

    given = hoisted(sys.argv[1:] if args is None else args)
    asked = Asked(language=_language(given))
    command: Any = tree.worded(typer.main.get_command(tree.app), asked.words())
    return failing.guarded(lambda: command.main(args=given, prog_name="kntc", standalone_mode=False, obj=asked), asked)


def hoisted(args: Sequence[str]) -> list[str]:
    """Return the arguments with the global options in front, wherever they were written."""
    front: list[str] = []
    rest: list[str] = []
    at = 0
    while at < len(args) and args[at] != "--":
        arg = args[at]
        if arg in _VALUED and at + 1 < len(args):
            front += args[at : at + 2]
            at += 1
        elif arg in _BARE or arg.startswith(("--config=", "--lang=")):
            front.append(arg)
        else:
            rest.append(arg)
        at += 1
    return [*front, *rest, *args[at:]]


def _language(args: Sequence[str]) -> str | None:
    """Return the language named in the arguments, before they are parsed: help and usage errors speak it too."""
    for at, arg in enumerate(args):
        if arg == "--lang" and at + 1 < len(args):
            return args[at + 1]
        if arg.startswith("--lang="):
            return arg.partition("=")[2]
    return None
