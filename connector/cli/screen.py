"""What is printed, and how wide: at most 80 columns, colour only for people, JSON for machines.

Text goes to standard output, errors and progress to standard error. Vietnamese letters take one column each once
they are in NFC, so `len` measures what a reader sees.
May import: words, the standard library; rich only while a person watches.
"""

from __future__ import annotations

import json
import os
import sys
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from connector.telling.words import NO_BREAK, ErrorText, Words, plain

WIDTH = 80

FORMAT = 1
"""Version of the JSON shapes. It changes when a field is removed or changes its meaning, not when one is added."""

_CODES = {"bold": "1", "good": "32", "care": "33", "bad": "31"}


@dataclass(slots=True)
class Screen:
    """Where a command speaks. `as_json`: nothing but one JSON object is printed to standard output."""

    say: Words
    out: TextIO
    err: TextIO
    quiet: bool = False
    as_json: bool = False

    def line(self, text: str = "", *, indent: int = 0, hang: int | None = None) -> None:
        """Print a sentence, broken at 80 columns; the lines after the first are indented by `hang`."""
        if not self.as_json:
            self._print(self.out, wrapped(text, indent, indent if hang is None else hang))

    def lines(self, lines: Iterable[str]) -> None:
        """Print lines that are laid out already."""
        if not self.as_json:
            self._print(self.out, lines)

    def note(self, text: str) -> None:
        """Print a sentence that --quiet silences."""
        if not self.quiet:
            self.line(text)

    def pair(self, label: str, text: str, *, width: int = 19) -> None:
        """Print `label   text` in two columns."""
        if not self.as_json:
            self._print(self.out, paired(label, text, width))

    def heading(self, left: str, right: str) -> None:
        """Print the line that says whose figures these are and of which environment."""
        if not self.as_json:
            for line in spread(left, right):
                print(self.styled(line, "bold"), file=self.out)

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print a table: the first column to the left, figures to the right."""
        if not self.as_json:
            self._print(self.out, tabled(heads, list(rows)))

    def verdict(self, text: str, style: str) -> None:
        """Print the sentence that says how it ended."""
        if not self.as_json:
            for line in wrapped(text, 0, 0):
                print(self.styled(line, style), file=self.out)

    def error(self, text: ErrorText) -> None:
        """Print an error as one block to standard error: what, why, what next, and its id."""
        lines = wrapped(f"{self.say('error.head')} {text.what}", 0, 2)
        print(self.styled(lines[0], "bad", self.err), file=self.err)
        lines += wrapped(text.why, 2, 2) if text.why else []
        lines += wrapped(f"{self.say('error.next')} {text.next}", 2, 2) if text.next else []
        lines += wrapped(f"({self.say('error.more', id=text.id)})", 2, 2)
        self._print(self.err, lines[1:])

    def json(self, command: str, environment: str, **fields: Any) -> None:
        """Print the one JSON object of this command. Times in it are UTC."""
        shape = {"format": FORMAT, "command": command, "environment": environment, **fields}
        print(_visible(json.dumps(shape, ensure_ascii=False, indent=2, default=_jsonable)), file=self.out)

    def styled(self, text: str, style: str, stream: TextIO | None = None) -> str:
        """Return the text in a style, if a person watches this stream and wants colours, and made harmless."""
        text = plain(text)
        if style not in _CODES or not coloured(stream or self.out):
            return text
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m"

    @staticmethod
    def _print(stream: TextIO, lines: Iterable[str]) -> None:
        for line in lines:
            print(plain(line), file=stream)  # ids and names come from elsewhere, and must not steer a terminal


def coloured(stream: TextIO) -> bool:
    """Return whether colours may be used: on a terminal, unless NO_COLOR; off one only with FORCE_COLOR."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def wrapped(text: str, indent: int, hang: int) -> list[str]:
    """Return the text as lines of at most 80 columns. A single word is never broken: it may be a path to copy.

    A no-break space keeps two words on one line and is printed as a space. What is too long for its column, such as a
    `table.column`, moves to the left until it ends at the 80th."""
    lines = textwrap.wrap(
        text,
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * hang,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [_within(line).replace(NO_BREAK, " ") for line in lines] or [""]


def _within(line: str) -> str:
    return line if len(line) <= WIDTH else line.strip(" ").rjust(WIDTH)


def paired(label: str, text: str, width: int) -> list[str]:
    """Return `label   text` with the text in its own column of at most 80 - width columns."""
    first = f"{label:<{width - 1}} "
    if len(first) > width:
        return [*wrapped(label, 0, 2), *wrapped(text, width, width)]
    lines = wrapped(text, width, width)
    return [(first + lines[0].lstrip()).rstrip(), *lines[1:]]


def spread(left: str, right: str) -> list[str]:
    """Return `left` and `right` at the two edges of one line, or of two where they do not fit."""
    gap = WIDTH - len(left) - len(right)
    if gap >= 1 or not right:
        return [f"{left}{' ' * max(gap, 0)}{right}".rstrip()]
    return [*wrapped(left, 0, 2), right.rjust(WIDTH)]


def tabled(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table with one blank between columns: the first to the left, all others to the right."""
    widths = [max(len(row[at]) for row in (heads, *rows)) for at in range(len(heads))]
    widths[0] = max(widths[0], 12)
    return [
        " ".join(
            f"{cell:<{width}}" if at == 0 else f"{cell:>{width}}"
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (heads, *rows)
    ]


def a_person_watches(stream: TextIO) -> bool:
    """Return whether progress may be drawn on this stream."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def standard(say: Words, *, quiet: bool = False, as_json: bool = False) -> Screen:
    """Return the screen of this process."""
    return Screen(say, sys.stdout, sys.stderr, quiet, as_json)


def _visible(text: str) -> str:
    """Return JSON with what cannot be seen written as escapes: it says the same, and steers no terminal."""
    lines = text.split("\n")
    return "\n".join(line if line.isprintable() else "".join(map(_escaped, line)) for line in lines)


def _escaped(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]


def _jsonable(value: object) -> object:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return str(value)
