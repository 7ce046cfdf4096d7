"""Which fields differ between two canonical documents: pointers, never values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connector.core.model import Body


def changed_pointers(before: Body, after: Body) -> tuple[str, ...]:
    """Return the RFC 6901 pointers of the leaves that were added, removed or changed, in order."""
    old, new = dict(leaves(before)), dict(leaves(after))
    return tuple(sorted(pointer for pointer in old.keys() | new.keys() if old.get(pointer) != new.get(pointer)))


def leaves(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every leaf of a document with its pointer; an empty object or list is one too."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, f"{pointer}/{name}")
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{pointer}/{index}")
    else:
        yield pointer, value
