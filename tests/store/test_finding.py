"""Finding records by words of a name, by a paper's number, by their ids; and what must not be found any more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select, update

from connector.core.model import Cause, Kind
from connector.core.seeking import Word
from connector.store import erasure, finding, withdrawals
from connector.store.records import Reading
from connector.store.tables import SoughtWord, table_of
from tests.store.ledger import ACTOR, AGENCY, DELIVERY, Ledger, bad_reading, key_of, reading

ONE, TWO, THREE = key_of(1), key_of(2), key_of(3)


def named(number: int, *names: str, no: str = "", content: str = "A", concealed: bool = False) -> Reading:
    words: list[Word] = [(0, finding.number_of(no))] if no else []
    words += [(at, word) for at, name in enumerate(names, 1) for word in finding.bare(name).split()]
    made = reading(key_of(number), content)
    assert made.document is not None
    document = replace(made.document, sought=() if concealed else tuple(words), concealed=concealed)
    return replace(made, document=document)


def found(ledger: Ledger, text: str, limit: int = 50) -> list[str]:
    with ledger.store.read() as connection:
        return [key.local_id for key in finding.by_name(connection, AGENCY, text, limit).keys]


def words_left(ledger: Ledger) -> int:
    with ledger.store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table_of(SoughtWord))).scalar_one())


@pytest.mark.parametrize("asked", ["Nguyễn Văn An", "an nguyen van", "VAN AN ng", "nguyễn  an", "An v"])
def test_a_name_is_found_by_its_words_in_any_order_the_last_one_as_it_begins(ledger: Ledger, asked: str) -> None:
    ledger.record(named(1, "Nguyễn Văn An"), named(2, "Nguyễn Thị Bình", "Lê Văn"), named(3, "Trần Anh"))
    assert found(ledger, asked) == ["demo:1"]


def test_words_of_two_persons_are_not_one_name(ledger: Ledger) -> None:
    ledger.record(named(1, "Nguyễn An", "Trần Bình"))
    assert found(ledger, "nguyen binh") == []
    assert found(ledger, "tran binh") == ["demo:1"]


@pytest.mark.parametrize("asked", ["", "  ", "a", "%", "' OR 1=1 --", "\0", "zzz"])
def test_a_question_that_is_none_finds_nothing(ledger: Ledger, asked: str) -> None:
    ledger.record(named(1, "An"))
    assert found(ledger, asked) == []


def test_the_newest_come_first_and_what_is_left_out_is_said(ledger: Ledger) -> None:
    ledger.record(*(named(at, "Nguyễn Văn An") for at in range(1, 8)))
    with ledger.store.read() as connection:
        part = finding.by_name(connection, AGENCY, "nguyen van", 3)
        whole = finding.by_name(connection, AGENCY, "nguyen van", 7)
    assert ([key.local_id for key in part.keys], part.all) == (["demo:7", "demo:6", "demo:5"], False)
    assert (len(whole.keys), whole.all) == (7, True)


def test_a_search_of_many_hits_looks_at_a_bounded_number_and_says_so(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "FIRST_LOOK", 2)
    monkeypatch.setattr(finding, "LOOKED_AT", 4)
    ledger.record(named(1, "Trần Văn"), *(named(at, "Nguyễn Thị") for at in range(2, 9)))
    ledger.record(*(named(at, "Trần Lê") for at in range(9, 16)))
    with ledger.store.read() as connection:
        assert finding.by_name(connection, AGENCY, "tran van").all  # the rarest word leads
        missed = finding.by_name(connection, AGENCY, "nguyen le")
        assert (missed.keys, missed.all) == ((), False)


def test_another_agencys_records_are_not_found(ledger: Ledger) -> None:
    ledger.record(named(1, "An Bình"))
    with ledger.store.read() as connection:
        assert finding.by_name(connection, "H51.02", "an binh").keys == ()
        assert finding.by_local_id(connection, "H51.02", "1") == []


def test_a_new_version_is_found_by_its_own_names_alone(ledger: Ledger) -> None:
    ledger.record(named(1, "An Cũ"))
    ledger.record(named(1, "An Mới", content="B"))
    assert found(ledger, "an cu") == []
    assert found(ledger, "an moi") == ["demo:1"]


def test_a_version_that_cannot_be_read_is_found_by_the_names_before_it(ledger: Ledger) -> None:
    ledger.record(named(1, "An Bình"))
    ledger.record(replace(bad_reading(ONE), concealed=False))
    assert found(ledger, "an binh") == ["demo:1"]


def test_a_version_that_cannot_be_read_and_may_be_a_denunciation_takes_the_names_away(ledger: Ledger) -> None:
    ledger.record(named(1, "An Bình"))
    ledger.record(replace(bad_reading(ONE), concealed=True))
    assert words_left(ledger) == 0


def test_a_held_back_row_that_turns_out_a_denunciation_takes_the_names_away(ledger: Ledger) -> None:
    ledger.record(named(1, "An Bình"))
    ledger.record(replace(bad_reading(ONE), concealed=False))
    ledger.record(replace(bad_reading(ONE), concealed=True))
    assert words_left(ledger) == 0


def test_what_is_concealed_now_is_found_by_no_name_and_no_number(ledger: Ledger) -> None:
    ledger.record(named(1, "An Bình", no="12/QĐ"))
    ledger.deliver(ONE)
    ledger.record(named(1, "An Bình", no="12/QĐ", content="B", concealed=True))
    assert words_left(ledger) == 0


@pytest.mark.parametrize("cause", [Cause.BECAME_SECRET, Cause.EXCLUDED])
def test_what_is_set_aside_is_found_by_no_name(ledger: Ledger, cause: Cause) -> None:
    ledger.record(named(1, "An Bình"), named(2, "An Bình"))
    ledger.set_aside(ONE, cause)
    assert found(ledger, "an binh") == ["demo:2"]


def test_what_is_withdrawn_or_erased_is_found_by_no_name(ledger: Ledger) -> None:
    ledger.record(named(1, "An Bình"), named(2, "An Bình"), named(3, "An Bình"))
    ledger.deliver()
    with ledger.store.write() as tx:
        withdrawals.withdraw(tx, ONE, ACTOR, "lý do", withdraws=True, gone=False)
        erasure.erase_texts(tx, TWO)
    assert found(ledger, "an binh") == ["demo:3"]
    with ledger.store.write() as tx:  # whoever erases a body, however
        tx.connection.execute(update(DELIVERY).where(DELIVERY.c.local_id == "demo:3").values(body=None))
    assert words_left(ledger) == 0


def test_a_number_is_found_as_it_begins(ledger: Ledger) -> None:
    ledger.record(named(1, no="12/QĐ-UBND"), named(2, no="125/QĐ"), named(3, no="7/TB"))
    with ledger.store.read() as connection:
        keys = finding.by_number(connection, AGENCY, "số 12/qđ").keys
        assert [key.local_id for key in keys] == ["demo:1"]
        assert finding.by_number(connection, AGENCY, "/").keys == ()
    assert found(ledger, "12") == []  # a number is no name


def test_a_record_is_found_by_the_id_that_the_nation_gave_it(ledger: Ledger) -> None:
    ledger.record(named(1, "An"), named(2, "An"))
    ledger.deliver(ONE)
    with ledger.store.read() as connection:
        assert finding.by_national_id(connection, AGENCY, "N-demo:1") == [ONE]
        assert finding.by_national_id(connection, AGENCY, "N-demo:2") == []


def test_an_id_is_found_with_and_without_its_source_name_whatever_the_source(ledger: Ledger) -> None:
    other = replace(key_of(1), local_id="demo-2:1")
    child = key_of(1, Kind.HANDLING)
    ledger.record(reading(ONE), reading(other), reading(TWO))
    ledger.record(reading(child))
    with ledger.store.read() as connection:
        assert finding.by_local_id(connection, AGENCY, "1") == [other, ONE, child]
        assert finding.by_local_id(connection, AGENCY, "demo:1") == [ONE, child]
        assert finding.by_local_id(connection, AGENCY, "1", [Kind.HANDLING]) == [child]
        assert finding.by_local_id(connection, AGENCY, "") == []
        assert THREE not in finding.by_local_id(connection, AGENCY, "3")
