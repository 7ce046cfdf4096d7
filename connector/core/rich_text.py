"""Rich text as a reader sees it: what browsers and word processors left in a text column, without the markup.

May import: text, the standard library.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from connector.core.text import one_line


def without_markup(text: str) -> str:
    """Return the text without tags, scripts and styles, a line for each block; itself where nothing is marked."""
    if not _MARKED.search(text):
        return text
    seen = _Seen()
    # What Word leaves behind (`<![if !supportLists]>`) is no HTML, and the parser stumbles over its like.
    seen.feed(_LEFT_BY_WORD.sub("", text).replace("<![", "&lt;!["))
    seen.close()
    lines = (one_line(line) for line in "".join(seen.said).splitlines())
    return "\n".join(line for line in lines if line)


class _Seen(HTMLParser):
    """Gathers what stands between the tags."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - theirs
        self._hidden += tag in _HIDDEN
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in _HIDDEN and self._hidden > 0
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.said.append(_BLANK.sub(" ", data))

    def _break(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.said.append("\n")


_MARKED = re.compile(r"[<&]")
_BLANK = re.compile(r"\s+")
_LEFT_BY_WORD = re.compile(r"<!--.*?-->|<!\[[^<>]*>", re.DOTALL)
_HIDDEN = frozenset({"script", "style"})
_BLOCKS = frozenset(
    {"blockquote", "br", "div", "h1", "h2", "h3", "h4", "h5", "hr", "li", "ol", "p", "table", "tr", "ul"}
)
