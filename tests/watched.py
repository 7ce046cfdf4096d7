"""What Python does while a test looks on: files that it opens, hosts that it asks for, connections that it makes.

It is told by an audit hook of the interpreter, so nothing can be forgotten and nothing is put in another's place. A
hook stays for good: there is one, and it is deaf while nobody looks.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

Seen = list[tuple[str, tuple[Any, ...]]]

_seen: list[Seen] = []
_stands: list[bool] = []


def _note(event: str, given: tuple[Any, ...]) -> None:
    for seen in _seen:
        seen.append((event, given))


@contextmanager
def watched() -> Iterator[Seen]:
    """Give what happens in the block, in every thread."""
    if not _stands:
        sys.addaudithook(_note)
        _stands.append(True)
    seen: Seen = []
    _seen.append(seen)
    try:
        yield seen
    finally:
        _seen.remove(seen)


def written(seen: Seen) -> list[str]:
    """Return the files that were made, or opened for writing, and every temporary one."""
    making = os.O_WRONLY | os.O_RDWR | os.O_CREAT
    opened = [str(given[0]) for event, given in seen if event == "open" and (given[2] or 0) & making]
    return [*opened, *(str(given[0]) for event, given in seen if event.startswith("tempfile."))]


def asked_for(seen: Seen) -> set[str]:
    """Return the hosts that were looked up, connected to, or sent something."""
    places = [given[1] for event, given in seen if event in ("socket.connect", "socket.sendto")]
    names = [given[0] for event, given in seen if event in ("socket.getaddrinfo", "socket.gethostbyname")]
    named = [name.decode() if isinstance(name, bytes) else str(name) for name in names if name]
    return {str(place[0]) for place in places if isinstance(place, tuple)} | set(named)
