"""What an extract of the log says of itself: its manifest, and the seal of that which stands in the log.

Whoever makes one, a command or the console, says the same, so one check knows them all.
May import: voice, extracts, core; app and store inside functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from connector import __version__
from connector.core.chain import Head, canonical, fields_of
from connector.errors import TamperError
from connector.telling import extracts
from connector.telling.voice import Voice

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from connector.app import App
    from connector.telling.extracts import Row

FORMAT = 1
WHAT = "kntc audit extract"

EVENTS = ("audit.extracted", "audit.unmasked", "console.exported")
"""The entries that seal a manifest."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What an extract is of. `filters`: as the manifest says them; `head`: the end of the log when it was taken."""

    agency: str
    filters: dict[str, str]
    form: str
    masked: bool
    made_at: datetime
    made_by: str
    head: Head


@dataclass(slots=True)
class Tally:
    """What has been written so far: how many entries, the first and the last of them."""

    count: int = 0
    ends: list[dict[str, Any]] = field(default_factory=list)

    def counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Pass rows on, and count them."""
        for row in rows:
            self.count += 1
            place = {"seq": row.cells["seq"], "hash": row.cells["hash"]}
            self.ends[1 if self.ends else 0 :] = [place]
            yield row


def name_of(file: str) -> str:
    """Return what the manifest of a file is called; it lies beside it."""
    return f"{file}.manifest.json"


def about(voice: Voice, taken: Taken, tally: Tally) -> dict[str, Any]:
    """Return what an extract says of itself, but for its file: that is not known while it is written."""
    ends = [*tally.ends, *tally.ends][:2]
    return {
        "format": FORMAT, "what": WHAT, "agency": taken.agency, "environment": voice.environment,
        "program": __version__, "made_at": taken.made_at.isoformat().replace("+00:00", "Z"),
        "made_by": taken.made_by, "language": voice.say.language, "masked": taken.masked, "filters": taken.filters,
        "columns": extracts.headings(voice, masked=taken.masked), "entries": tally.count,
        "first": ends[0] if ends else None, "last": ends[-1] if ends else None,
        "head": {"seq": taken.head.seq, "hash": taken.head.hash},
        "form": voice.say(f"extract.form_{taken.form}"),
    }  # fmt: skip


def noted_filters(filters: dict[str, str], tally: Tally) -> dict[str, str]:
    """Return the filters as the log may hold them: whatever was typed for a person who gave no order is nobody."""
    return {**filters, "by": "?"} if "by" in filters and not tally.count else filters


def seal(app: App, manifest: dict[str, Any]) -> str:
    """Return the keyed commitment to all that a manifest says, but for the place of the entry that holds it: whoever
    reads the log must not be able to try out what stands in a small file."""
    return app.store.commitment(manifest["agency"], canonical({n: v for n, v in manifest.items() if n != "noted"}))


def entry_about(connection: Connection, agency: str, sealed: str, after_seq: int) -> Head:
    """Return the place of the entry that seals this manifest. Raises TamperError where none does."""
    from connector.store import audit

    for entry in audit.entries(connection, agency, after_seq=after_seq):
        fields = fields_of(entry.content.encode())
        if fields and fields[5] in EVENTS and fields[12].get("sealed") == sealed:
            return Head(agency, entry.seq, entry.hash)
    raise TamperError("E-EXTRACT-LOG", agency=agency, seq=after_seq + 1)
