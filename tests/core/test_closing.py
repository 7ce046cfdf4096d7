"""Since when a case is closed: what the nation says of its petitions, and nothing by guess."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connector.core.closing import Part, closed_since
from connector.core.model import Kind, State

RECEIVED = datetime(2026, 3, 2, tzinfo=UTC)
ENDED = RECEIVED + timedelta(days=90)
CLOSED = Part(Kind.PETITION, State.DELIVERED, RECEIVED, "closed", ENDED)
DECISION = Part(Kind.DECISION, State.DELIVERED, RECEIVED, "received", RECEIVED)


@pytest.mark.parametrize(
    ("parts", "since"),
    [
        ([CLOSED], ENDED),
        ([CLOSED, DECISION], ENDED),
        ([Part(Kind.PETITION, State.DELIVERED, RECEIVED, "withdrawn", ENDED)], ENDED),
        ([Part(Kind.PETITION, State.RETRACTED, ENDED)], ENDED),
        ([CLOSED, Part(Kind.HANDLING, State.NOT_SENT, RECEIVED)], ENDED),
        # What came after the end counts from there.
        ([CLOSED, Part(Kind.ENFORCEMENT, State.DELIVERED, ENDED + timedelta(days=9))], ENDED + timedelta(days=9)),
        ([Part(Kind.RECEPTION, State.DELIVERED, RECEIVED, "closed", ENDED)], ENDED),
    ],
)
def test_a_case_is_closed_when_all_its_petitions_are(parts, since):
    assert closed_since(parts) == since


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [Part(Kind.PETITION, State.DELIVERED, RECEIVED)],
        [Part(Kind.PETITION, State.DELIVERED, RECEIVED, "settled", ENDED)],
        [CLOSED, Part(Kind.PETITION, State.DELIVERED, RECEIVED, "received", RECEIVED)],
        [CLOSED, Part(Kind.DECISION, State.PENDING, RECEIVED)],
        [CLOSED, Part(Kind.DECISION, State.REJECTED, RECEIVED)],
        [CLOSED, Part(Kind.DECISION, State.UNKNOWN, RECEIVED)],
        [CLOSED, Part(Kind.DECISION, State.DELIVERED, RECEIVED, "something_new", ENDED)],
        [Part(Kind.PETITION, State.NOT_SENT, RECEIVED)],
        [Part(Kind.RECEPTION, State.DELIVERED, RECEIVED, "received", RECEIVED)],
        # A decision that is closed says nothing of the petition above it.
        [
            Part(Kind.PETITION, State.DELIVERED, RECEIVED),
            Part(Kind.DECISION, State.DELIVERED, RECEIVED, "closed", ENDED),
        ],
    ],
)
def test_where_that_cannot_be_known_it_is_open(parts):
    assert closed_since(parts) is None
