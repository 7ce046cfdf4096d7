"""What is said of a record whose text is not here in clear any more. May import: words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.telling.words import HERE, Words

if TYPE_CHECKING:
    from connector.store.retired import Retired


def sentence(say: Words, retired: Retired | None) -> str:
    """Return when the text was sealed or erased, "" where it is here."""
    if retired is None:
        return ""
    if retired.erased_at is not None:
        return say("retired.erased", day=say.day(retired.erased_at.astimezone(HERE).date()))
    at = retired.sealed_at
    return say("retired.sealed", day=say.day(at.astimezone(HERE).date())) if at else ""
