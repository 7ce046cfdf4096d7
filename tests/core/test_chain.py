"""The chain: canonical bytes, links, and what verify notices."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest
import rfc8785
from hypothesis import given, settings
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


# --- following fast, and finding the same ----------------------------------------------------------------------------


def plainly(links: list[chain.Link], after: Head) -> tuple[Head, chain.ChainFault | None]:
    """What an auditor would write who has all the time in the world: one question after the other, of each entry."""
    head = after
    for place, said, raw, _ in links:
        content = raw.decode(errors="replace")
        if place != head.seq + 1:
            return head, chain.ChainFault(place, "E-AUDIT-GAP")
        if hashlib.sha256(content.encode()).hexdigest() != said.decode(errors="replace"):
            return head, chain.ChainFault(place, "E-AUDIT-HASH")
        try:
            fields = orjson.loads(content)
        except orjson.JSONDecodeError:
            fields = None
        if not isinstance(fields, list) or len(fields) != 15:
            return head, chain.ChainFault(place, "E-AUDIT-FORM")
        texts = all(isinstance(fields[at], str) for at in (4, 5, 6, 8, 9, 10))
        if not texts or not isinstance(fields[11], int) or not isinstance(fields[12], dict):
            return head, chain.ChainFault(place, "E-AUDIT-FORM")
        if fields[1:4] != [head.agency, place, head.hash]:
            return head, chain.ChainFault(place, "E-AUDIT-PREV")
        head = Head(head.agency, place, said.decode())
    return head, None


def hashed_anew(links: list[chain.Link], at: int, *, on: bool) -> None:
    """Give the entry a hash that fits; on: the ones after it too, each with the hash before it."""
    seq, _, content, _ = links[at]
    links[at] = (seq, hashlib.sha256(content).hexdigest().encode(), content, None)
    for next_ in range(at + 1, len(links)) if on else ():
        seq, _, content, _ = links[next_]
        content = re.sub(rb'"[0-9a-f]{64}"', b'"' + links[next_ - 1][1] + b'"', content, count=1)
        links[next_] = (seq, hashlib.sha256(content).hexdigest().encode(), content, None)


SPLICES = st.sampled_from(
    [
        b"",
        b'"',
        b"\\",
        b"[",
        b"]",
        b"{",
        b"}",
        b",",
        b"0",
        b"-",
        b".5",
        b"true",
        b"null",
        b'"x"',
        b" ",
        b"\x00",
        b"\xff",
    ]
)


@settings(max_examples=600)
@given(
    at=st.integers(0, 4),
    where=st.integers(0, 600),
    length=st.integers(0, 70),
    put=SPLICES | st.binary(max_size=3),
    of_hash=st.booleans(),
    mended=st.sampled_from(["no", "its hash", "all hashes"]),
)
def test_whatever_bytes_are_changed_the_same_is_found_at_the_same_place(
    at: int, where: int, length: int, put: bytes, of_hash: bool, mended: str
) -> None:
    links: list[chain.Link] = [(entry.seq, entry.hash.encode(), entry.content.encode(), None) for entry in entries(5)]
    seq, said, content, _ = links[at]
    before = said if of_hash else content
    begin = where % (len(before) + 1)
    after = before[:begin] + put + before[begin + length :]
    links[at] = (seq, after, content, None) if of_hash else (seq, said, after, None)
    if mended != "no":
        hashed_anew(links, at, on=mended == "all hashes")
    following = chain.Following(Head("H51.01", 0, GENESIS))
    told = [fields[2] for fields in following.through(links)]
    assert (following.head, following.fault) == plainly(links, Head("H51.01", 0, GENESIS))
    assert len(told) == following.head.seq


@pytest.mark.parametrize("place", range(15))
@pytest.mark.parametrize("value", [None, True, 0, 1.0, "x", [], {}, "H51.01"])
def test_whatever_stands_at_a_place_of_an_entry_the_same_is_found(place: int, value: object) -> None:
    """Somebody who can write the store links what he likes, with every hash right."""
    links: list[chain.Link] = [(entry.seq, entry.hash.encode(), entry.content.encode(), None) for entry in entries(4)]
    fields = orjson.loads(links[2][2])
    fields[place] = value
    links[2] = (3, b"", orjson.dumps(fields), None)
    hashed_anew(links, 2, on=True)
    following = chain.Following(Head("H51.01", 0, GENESIS))
    assert sum(1 for _ in following.through(links)) == following.head.seq
    assert (following.head, following.fault) == plainly(links, Head("H51.01", 0, GENESIS))
