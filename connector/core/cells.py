"""What a cell may hold, so that no spreadsheet takes its text for anything but text. Pure.

A spreadsheet decides by the first sign that it sees, and overlooks more than one expects: blanks, quotation marks, what
has no width. It may also part a line at another separator than the one it was written with; so a sign behind any
separator counts as a first one. Such a sign gets an apostrophe, which spreadsheets read as "this is text".
"""

from __future__ import annotations

import re

GUARD = "'"

_SIGNS = "=+@\uff1d\uff0b\uff0d\uff20\u2212\ufe62\ufe63\ufe66\ufe6b\u207a\u207b\u208a\u208b-"
"""Signs that begin a formula, and those of other widths and places that a program may fold into them."""

_OVERLOOKED = (
    "\x00-\x08\x0b\x0c\x0e-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u1680\u180b-\u180f\u2000-\u200f"
    "\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U000e0000-\U000e0fff"
    "\ud800-\udfff\"'`\u2018-\u201f\xab\xbb"
)
"""What may stand before a first sign and is overlooked: blanks, what cannot be seen, quotation marks."""

_PARTING = "\t\r\n"

_FIRST = re.compile(rf"(?:^|(?<=[;,|{_PARTING}]))([{_OVERLOOKED}]*+)([{_SIGNS}])")


def guarded(text: str) -> str:
    """Return the text so that neither it, nor a part of it behind a separator, begins like a formula.

    At the very front the apostrophe comes before everything, elsewhere right before the sign."""
    found = _FIRST.sub(_marked, text)
    return f"{GUARD}{found}" if found[:1] in _PARTING and found else found


_ESCAPE = re.compile("_(?=x[0-9a-fA-F]{4}_)")


def unescaped(text: str) -> str:
    """Return the text so that no part of it is read as the escape of a character, which is how workbooks write those
    that XML cannot hold: XlsxWriter escapes such a part, but not one that begins with the end of another."""
    return _ESCAPE.sub("_ ", text) if "_x" in text else text


def _marked(found: re.Match[str]) -> str:
    before, sign = found.groups()
    return f"{GUARD}{before}{sign}" if found.start() == 0 else f"{before}{GUARD}{sign}"
