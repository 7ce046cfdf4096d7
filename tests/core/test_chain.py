"""The chain: canonical bytes, links, and what verify notices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from connector.core import chain
from connector.core.chain import GENESIS, Head
from connector.core.model import Actor, Entry, Event, Kind, RecordKey

AT = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
KEY = RecordKey("H51.01", Kind.PETITION, "bentre:1")

documents = st.recursive(
    st.booleans()
    | st.integers(min_value=-(2**53) + 1, max_value=2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.from_regex(r"[a-z_0-9]{1,8}", fullmatch=True), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(documents)
def test_canonical_bytes_are_those_of_rfc_8785(document: object) -> None:
    assert chain.canonical(document) == rfc8785.dumps(document)  # type: ignore[arg-type]


def entries(count: int) -> list[Entry]:
    head = Head("H51.01", 0, GENESIS)
    made = []
    for number in range(count):
        event = Event("record.recorded", "H51.01", Actor("auditor", "cli"), AT, KEY, 1, {"n": number})
        entry = chain.link(head, event, "0.1.0", "c0ffee")
        head = Head(entry.agency, entry.seq, entry.hash)
        made.append(entry)
    return made


def test_an_untouched_chain_verifies_to_its_head() -> None:
    made = entries(5)
    head, fault = chain.verify(made, Head("H51.01", 0, GENESIS))
    assert fault is None
    assert head == Head("H51.01", 5, made[-1].hash)


@pytest.mark.parametrize("at", range(5))
def test_a_changed_entry_is_named(at: int) -> None:
    made = entries(5)
    made[at] = replace(made[at], content=made[at].content.replace('"auditor"', '"nobody"'))
    _, fault = chain.verify(made, Head("H51.01", 0, GENESIS))
    assert fault is not None
    assert (fault.seq, fault.rule) == (at + 1, "E-AUDIT-HASH")


def test_a_changed_entry_with_a_fresh_hash_breaks_the_next_link() -> None:
    made = entries(5)
    content = made[2].content.replace('"auditor"', '"nobody"')
    made[2] = replace(made[2], content=content, hash=chain.digest(content.encode()))
    _, fault = chain.verify(made, Head("H51.01", 0, GENESIS))
    assert fault is not None
    assert (fault.seq, fault.rule) == (4, "E-AUDIT-PREV")


@pytest.mark.parametrize("at", range(4))
def test_a_removed_entry_is_a_gap(at: int) -> None:
    made = entries(5)
    del made[at]
    _, fault = chain.verify(made, Head("H51.01", 0, GENESIS))
    assert fault is not None
    assert fault.rule == "E-AUDIT-GAP"


def test_a_commitment_says_nothing_without_its_key() -> None:
    assert chain.commitment(b"k" * 32, b"x") != chain.commitment(b"q" * 32, b"x")
    assert chain.commitment(b"k" * 32, b"x") == chain.commitment(b"k" * 32, b"x")


@pytest.mark.parametrize(
    "change", [lambda fields: fields[:5], lambda fields: [*fields[:12], [], *fields[13:]], lambda _: {"n": 1}]
)
def test_a_chain_that_was_linked_anew_with_other_things_is_unreadable(change: Callable[[list[object]], object]) -> None:
    """Only its links were checked, and what read the entries afterwards failed as a fault of the program."""
    made = entries(3)
    fields = [1, "H51.01", 3, made[1].hash, "2026-03-02T01:00:00.000000Z", "x", "y", False, "z", "", "", 0, {}, "", ""]
    content = orjson.dumps(change(fields))
    made[2] = replace(made[2], content=content.decode(), hash=chain.digest(content))
    _, fault = chain.verify(made, Head("H51.01", 0, GENESIS))
    assert fault is not None
    assert (fault.seq, fault.rule) == (3, "E-AUDIT-FORM")
