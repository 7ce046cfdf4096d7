"""Whether two sides agree about a key: what holds for every ledger entry and every national record."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector.core import accord
from connector.core.accord import Accord, Fix, Ours
from connector.core.model import Cause, Held, Kind, SightingName, State

DIGESTS = ("a" * 64, "b" * 64)

ours = st.builds(
    Ours,
    version=st.integers(1, 4),
    digest=st.sampled_from(DIGESTS),
    state=st.sampled_from([state for state in State if state is not State.SUPERSEDED]),
    cause=st.none() | st.sampled_from(Cause),
    has_body=st.booleans(),
    received=st.integers(0, 4),
    national_id=st.sampled_from(["", "N1"]),
    in_source=st.booleans(),
    shown=st.none() | st.integers(1, 4),
)
held = st.builds(
    Held,
    kind=st.just(Kind.PETITION),
    local_id=st.just("nho:1"),
    national_id=st.sampled_from(["N1", "N2"]),
    version=st.integers(1, 4),
    digest=st.sampled_from(DIGESTS),
    status=st.sampled_from(["received", "validated"]),
    status_sequence=st.integers(1, 4),
    entered_by=st.sampled_from(["api", "web"]),
)
any_held = st.lists(held, max_size=3)


@given(ours, any_held)
def test_what_agrees_is_held_as_it_is_or_need_not_be_held(one: Ours, theirs: list[Held]) -> None:
    found = accord.compare(one, theirs, complete=True)
    if found.accord in accord.CONFIRMED and one.state is State.DELIVERED:
        (line,) = theirs
        assert (line.version, line.digest) == (one.version, one.digest)


@given(ours, any_held)
def test_what_is_in_flight_is_never_put_on_its_way_again(one: Ours, theirs: list[Held]) -> None:
    found = accord.compare(one, theirs, complete=True)
    if one.state is State.SENDING:
        assert found.fix in (Fix.NOTHING, Fix.PERSON)
    if one.state in (State.PENDING, State.SENDING, State.UNKNOWN):
        assert found.fix is not Fix.ASK_AGAIN


@given(ours, any_held)
def test_a_same_version_with_another_content_is_a_person_s(one: Ours, theirs: list[Held]) -> None:
    found = accord.compare(one, theirs, complete=True)
    if len(theirs) == 1 and theirs[0].version == one.version and theirs[0].digest != one.digest:
        kept = one.state is State.NOT_SENT  # theirs stays there by a decision: the mirror may follow what becomes of it
        assert found.fix in ((Fix.NOTHING, Fix.TAKE_STATUS) if kept else (Fix.PERSON, Fix.NOTHING))


@given(ours, any_held)
def test_nothing_is_sent_again_that_has_no_document_or_no_row(one: Ours, theirs: list[Held]) -> None:
    found = accord.compare(one, theirs, complete=True)
    if found.fix is Fix.ASK_AGAIN and found.accord is Accord.MISSING_REMOTE:
        assert one.has_body
        assert one.in_source


@given(ours, any_held)
def test_only_a_newer_version_is_taken_over(one: Ours, theirs: list[Held]) -> None:
    found = accord.compare(one, theirs, complete=True)
    if found.fix is Fix.ADOPT:
        (line,) = theirs
        assert line.version > one.version
        assert one.state is not State.SENDING


@given(any_held, st.booleans())
def test_a_key_unknown_here_is_forgotten_only_where_the_ledger_may_have_forgotten(
    theirs: list[Held],
    complete: bool,
) -> None:
    found = accord.compare(None, theirs, complete=complete)
    assert (found.accord is Accord.MISSING_LOCAL) == (len(theirs) == 1 and not complete)


@given(ours, any_held)
def test_every_finding_says_who_acts(one: Ours, theirs: list[Held]) -> None:
    found = accord.compare(one, theirs, complete=True)
    assert (found.accord in accord.OPEN) == (found.fix is not Fix.NOTHING)


@given(st.sampled_from(SightingName), ours)
def test_a_look_confirms_only_what_it_saw_the_same(sighting: SightingName, one: Ours) -> None:
    found = accord.seen(sighting, one)
    assert (found.accord in accord.CONFIRMED) == (sighting is SightingName.SAME)
    assert found.fix is not Fix.ADOPT
