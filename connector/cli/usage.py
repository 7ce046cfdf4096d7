"""The words of the library that reads the command line, in the reader's language: help pages and usage errors.

It speaks English only. What it says is matched against the English side of the catalogue (`usage.*`); what nobody has
translated comes through as it is.
May import: words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from connector.telling.words import Words

_TYPE = re.compile(r"<(?:list\[)?(\w+)(?: range)?\]?>")
_NAME = re.compile(r"(?<=[{\[])[a-z_]+(?=[}\]])|ERROR-ID")


def speak(command: Any, say: Words, fill: Callable[[], None]) -> None:
    """Let a command's help page, which the library writes, come out in these words. fill: what puts them in, called
    when a page is to be written: the words of all pages are a third of the start of a command that writes none."""
    command.get_help = partial(_page, say, fill, command.get_help)
    command.get_help_option = partial(_help_option, say, command.get_help_option)
    for param in command.params:
        param.get_help_record = partial(_record, say, param, param.get_help_record)


def sentence(say: Words, text: str) -> str:
    """Return in this language what the library says of a command line that it cannot read."""
    return say.said("usage.error", text, name=partial(_named, say), what=lambda what: say.said("usage.value", what))


def _page(say: Words, fill: Callable[[], None], written: Any, context: Any) -> str:
    fill()
    lines = written(context).splitlines()
    return "\n".join(_line(say, line) for line in lines)


def _line(say: Words, line: str) -> str:
    if line in ("Options:", "Commands:", "Arguments:"):
        return say(f"usage.head.{line[:-1].lower()}")
    if not line.startswith("Usage: "):
        return line
    for english in ("options", "command"):
        line = line.replace(say.english(f"usage.piece.{english}"), say(f"usage.piece.{english}"))
    line = _NAME.sub(lambda found: say.label("usage.argument", found[0]), line)
    return line.replace("Usage:", say("usage.head.usage"), 1)


def _help_option(say: Words, made: Any, context: Any) -> Any:
    option = made(context)
    if option is not None:
        option.get_help_record = partial(_of_help, say, option)
    return option


def _of_help(say: Words, option: Any, context: Any) -> Any:
    option.help = say("option.help")
    return type(option).get_help_record(option, context)


def _record(say: Words, param: Any, written: Any, context: Any) -> tuple[str, str] | None:
    """`--to <str>`, `… [required]`: the type, and what stands in brackets behind the help text."""
    record = written(context)
    if record is None:
        return None
    names, text = record
    if param.param_type_name == "argument":
        name = param.metavar or param.name
        names = names.replace(name, say.label("usage.argument", name), 1)
    names = _TYPE.sub(lambda found: f"<{say.label('usage.type', found[1])}>", names)
    before, bracket, inside = text.rpartition("[")
    if bracket and inside.endswith("]"):
        parts = [say.said("usage.extra", part) for part in inside[:-1].split("; ")]
        text = f"{before}[{'; '.join(parts)}]"
    return names, text


def _named(say: Words, quoted: str) -> str:
    """An argument by our word for it, an option by the name that people type."""
    return say.label("usage.argument", quoted.strip("'\"[]{}.<>"))
