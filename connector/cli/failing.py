"""The one place where errors become sentences and exit codes.

May import: words, screen, opening, errors, typer.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress

import typer
from typer.exceptions import TyperException

from connector import access, disk
from connector.cli import usage
from connector.cli.opening import Asked
from connector.cli.screen import Screen, spread, standard, wrapped
from connector.errors import ConfigError, ConfigProblem, DiskError, ExitCode, KntcError
from connector.telling.errors import fault_of, places_of, text_of
from connector.telling.words import plain

MAX_SHOWN = 200
"""So many problems of configuration are printed; a longer list has one cause."""


def guarded(run: Callable[[], object], asked: Asked) -> int:
    """Run the program and return its exit code; whatever goes wrong becomes one clear block on standard error."""
    try:
        code = run()
        sys.stdout.flush()  # here, where a reader who has gone is no fault of ours
    except KntcError as error:
        show(error, _screen(asked))
        return int(error.exit_code)
    except typer.Exit as exit_:
        return exit_.exit_code
    except TyperException as error:
        return _show_usage(error, asked)
    except (KeyboardInterrupt, typer.Abort):
        _screen(asked).error(asked.words().error("E-INTERRUPTED"))
        return int(ExitCode.PARTIAL)
    except (BrokenPipeError, SystemExit) as error:
        if not isinstance(error.__context__ or error, BrokenPipeError):  # the library makes an exit of it
            raise
        _write_nowhere()  # whoever read our output has gone: nobody is left to be told
        return int(ExitCode.DONE)
    except OSError as error:
        if found := access.explained(error) or disk.explained(error) or _lost_output():
            show(found, _screen(asked))
            return int(found.exit_code)
        _show_bug(error, asked)
        return int(ExitCode.BUG)
    except Exception as error:  # noqa: BLE001  the last line of defence; its text may hold values and is not shown
        _show_bug(error, asked)
        return int(ExitCode.BUG)
    return code if isinstance(code, int) else int(ExitCode.DONE)


def _lost_output() -> DiskError | None:
    """Return the error to tell where the place that our output goes to takes no more; None if that is not it."""
    try:
        print(flush=True)  # together with what was refused and may still be in the buffer
    except OSError as error:
        if disk.is_refused(error):
            _write_nowhere()
            return DiskError("E-DISK-OUTPUT")
    return None


def _write_nowhere() -> None:
    """What is still in the buffers would make the interpreter complain at its end."""
    with suppress(OSError, ValueError):  # a stream that is no file has nothing to be turned
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def show(error: KntcError, screen: Screen) -> None:
    """Print an error to standard error: for a configuration, all its problems first."""
    problems = error.problems if isinstance(error, ConfigError) else ()
    for problem in problems[:MAX_SHOWN]:
        for line in problem_lines(problem, screen):
            print(plain(line), file=screen.err)
    if len(problems) > MAX_SHOWN:
        print(screen.say("config.more", count=len(problems) - MAX_SHOWN), file=screen.err)
    screen.error(text_of(error, screen.say))


def problem_lines(problem: ConfigProblem, screen: Screen) -> list[str]:
    """Return a configuration problem as lines: file and key; what is wrong; found and expected; the cure."""
    say = screen.say
    values = problem.values
    place = str(values.get("file", ""))
    if values.get("key"):
        place += f"  {values['key']}"
    text = say.error(problem.id, **values)
    lines = spread(place, problem.id)
    lines += wrapped(text.what, 2, 2)
    if values.get("found") not in ("", "nothing", None) and "{found}" not in say(f"{problem.id}.why"):
        lines += wrapped(f"{say('config.found')} {values['found']}", 2, 4)
    if values.get("expected"):
        lines += wrapped(f"{say('config.expected')} {say.expected(str(values['expected']))}", 2, 4)
    if "line" in values:
        lines += wrapped(text.why, 2, 4)
    return lines + wrapped(f"{say('error.next')} {text.next}", 2, 4)


def _screen(asked: Asked) -> Screen:
    return standard(asked.words(), quiet=asked.quiet)


def _show_usage(error: TyperException, asked: Asked) -> int:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "kntc"
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error.format_message())
        return int(ExitCode.USAGE)
    screen = _screen(asked)
    detail = usage.sentence(screen.say, error.format_message())
    screen.error(screen.say.error("E-USAGE", detail=detail, usage=f"{path} --help"))
    return int(ExitCode.USAGE)


def _show_bug(error: Exception, asked: Asked) -> None:
    """Say where, never what: an exception's text may hold a value of a record."""
    show(fault_of(error), _screen(asked))
    if asked.verbose:
        for place in places_of(error):
            print(f"  {place}", file=sys.stderr)
