"""The reference interface with no more abilities than the observed one of 2018 had: cases can be searched for, the rest
can be neither looked for nor repeated. The wire stays the real one, to a real sandbox.

    monkeypatch.setattr(edges, "Decree55", Observed)    # before an App is opened
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from connector.core.model import (
    KINDS,
    Candidate,
    Capabilities,
    Delivery,
    Kind,
    Outcome,
    RecordKey,
    Sighting,
    SightingName,
)
from connector.national.decree55 import Decree55

SEARCHED = frozenset({Kind.RECEPTION, Kind.PETITION})
BLIND = frozenset(KINDS) - SEARCHED


class Observed(Decree55):
    """A line that says how little it can do.

    shown: what a search finds beside a record that is not there; submitted: every delivery that was sent, in order."""

    shown: Mapping[RecordKey, tuple[Candidate, ...]] = {}
    submitted: list[Delivery] = []  # noqa: RUF012  one list for all lines of a test, emptied by `begin`

    @classmethod
    def begin(cls) -> type[Observed]:
        """Return the class with nothing shown and nothing submitted."""
        cls.shown, cls.submitted = {}, []
        return cls

    @property
    def capabilities(self) -> Capabilities:
        """See base.National."""
        return replace(super().capabilities, create_idempotent=frozenset(), findable=SEARCHED, absent_sightings=2)

    def submit(self, delivery: Delivery) -> Outcome:
        """See base.National."""
        self.submitted.append(delivery)
        return super().submit(delivery)

    def find(self, delivery: Delivery) -> Sighting:
        """See base.National."""
        assert delivery.key.kind in SEARCHED, "nobody can look for this kind"
        seen = super().find(delivery)
        shown = self.shown.get(delivery.key, ()) if seen.name is SightingName.ABSENT else ()
        return replace(seen, candidates=shown)
