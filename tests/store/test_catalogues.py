"""National code lists in the store: every form of a code with the time in which the list had it so."""

from __future__ import annotations

from datetime import date, timedelta

from connector.core.catalogue import Catalogue, CatalogueEntry
from connector.store import audit, catalogues
from tests.store.ledger import ACTOR, AGENCY, START, Ledger

OTHER = "H51.02"
LATER = START + timedelta(days=3)


def read(ledger: Ledger, generation: int = 1, agency: str = AGENCY, **lists: dict[str, str]):
    made = [
        Catalogue(name, tuple(CatalogueEntry(code, title) for code, title in each.items()))
        for name, each in lists.items()
    ]
    with ledger.store.write() as tx:
        return catalogues.record(tx, agency, generation, made, ACTOR)


def known(ledger: Ledger, name: str, generation: int = 1, agency: str = AGENCY) -> dict[str, str]:
    with ledger.store.read() as connection:
        found = catalogues.known(connection, agency, generation, name)
    return {entry.code: entry.title for entry in found.entries}


def test_a_list_is_known_as_last_read_and_its_past_stays(ledger: Ledger) -> None:
    read(ledger, field={"1": "một", "2": "hai"})
    ledger.clock.now = LATER
    changed = read(ledger, field={"2": "hai mới", "3": "ba"})
    assert [(change.what, change.entry.code) for change in changed["field"]] == [
        ("renamed", "2"), ("added", "3"), ("withdrawn", "1"),
    ]  # fmt: skip
    assert known(ledger, "field") == {"2": "hai mới", "3": "ba"}
    with ledger.store.read() as connection:
        past = catalogues.past(connection, AGENCY, 1, "field")
        assert catalogues.known(connection, AGENCY, 1, "field").read_at == LATER
    assert [(each.entry.code, each.entry.title, each.first_seen_at, each.gone_at) for each in past] == [
        ("1", "một", START, LATER), ("2", "hai", START, LATER),
    ]  # fmt: skip


def test_a_list_that_was_not_read_keeps_what_is_known_of_it(ledger: Ledger) -> None:
    read(ledger, field={"1": "một"}, gender={"m": "Nam"})
    ledger.clock.now = LATER
    read(ledger, gender={"f": "Nữ"})
    assert known(ledger, "field") == {"1": "một"}
    with ledger.store.read() as connection:
        lists = catalogues.read_lists(connection, AGENCY, 1)
    assert lists == {"field": (1, START), "gender": (1, LATER)}


def test_agencies_and_ledger_generations_have_lists_of_their_own(ledger: Ledger) -> None:
    read(ledger, field={"1": "thử"})
    read(ledger, generation=2, field={"2": "thật"})
    read(ledger, agency=OTHER, field={"3": "khác"})
    assert known(ledger, "field") == {"1": "thử"}
    assert known(ledger, "field", generation=2) == {"2": "thật"}
    assert known(ledger, "field", agency=OTHER) == {"3": "khác"}


def test_a_code_that_comes_back_has_two_lives(ledger: Ledger) -> None:
    for days, listed in enumerate(({"1": "a"}, {"2": "b"}, {"1": "a", "2": "b"})):
        ledger.clock.now = START + timedelta(days=days)
        read(ledger, field=listed)
    assert known(ledger, "field") == {"1": "a", "2": "b"}
    with ledger.store.read() as connection:
        assert [each.entry.code for each in catalogues.past(connection, AGENCY, 1, "field")] == ["1"]
        gone = catalogues.withdrawn(connection, AGENCY, 1, {"field": frozenset({"1", "2"})}, START.date())
    assert gone == {}


def test_of_the_codes_in_use_those_are_told_that_the_list_had_and_has_no_more(ledger: Ledger) -> None:
    read(ledger, field={"1": "một", "2": "hai"})
    read(ledger, field={"2": "hai"})
    over = CatalogueEntry("9", "chín", None, date(2026, 6, 30))
    with ledger.store.write() as tx:
        catalogues.record(tx, AGENCY, 1, [Catalogue("gender", (over,))], ACTOR)
    used = {"field": frozenset({"1", "2", "never"}), "gender": frozenset({"9"}), "unread": frozenset({"1"})}
    with ledger.store.read() as connection:
        before = catalogues.withdrawn(connection, AGENCY, 1, used, date(2026, 6, 30))
        after = catalogues.withdrawn(connection, AGENCY, 1, used, date(2026, 7, 1))
    assert {name: [entry.code for entry in each] for name, each in before.items()} == {"field": ["1"]}
    assert {name: [entry.code for entry in each] for name, each in after.items()} == {"field": ["1"], "gender": ["9"]}


def test_what_changed_since_a_day_is_told_from_then_to_now_and_a_first_reading_is_no_news(ledger: Ledger) -> None:
    listed = ({"1": "a", "2": "b"}, {"1": "a2", "2": "b"}, {"1": "a3"}, {"1": "a3", "4": "d"})
    for days, each in enumerate(listed):
        ledger.clock.now = START + timedelta(days=days)
        read(ledger, field=each)

    def since(days: float):
        with ledger.store.read() as connection:
            found = catalogues.changed_since(connection, AGENCY, 1, START + timedelta(days=days))
        told = [(change.what, change.entry.code) for change in found.get("field", ())]
        return told, [change.before.title for change in found.get("field", ()) if change.what == "renamed"]

    assert since(-9) == ([("renamed", "1"), ("added", "4"), ("withdrawn", "2")], ["a"])
    assert since(1.5) == ([("renamed", "1"), ("added", "4"), ("withdrawn", "2")], ["a2"])
    assert since(2.5) == ([("added", "4")], [])
    assert since(9) == ([], [])


def test_every_reading_has_its_entry_in_the_log_with_counts_and_no_words(ledger: Ledger) -> None:
    read(ledger, field={"1": "từ-của-danh-mục"})
    read(ledger, field={"2": "từ-của-danh-mục"})
    with ledger.store.read() as connection:
        told = [entry.content for entry in audit.entries(connection, AGENCY) if "catalogue.pulled" in entry.content]
        assert audit.verify(connection, AGENCY)[1] is None
    assert len(told) == 2
    assert '"added":1' in told[1]
    assert '"withdrawn":1' in told[1]
    assert "danh-m" not in "".join(told)


def test_long_lists_are_kept_in_pieces(ledger: Ledger) -> None:
    read(ledger, field={str(n): "x" for n in range(3_000)})
    read(ledger, field={str(n): "y" for n in range(1_000, 4_000)})
    assert len(known(ledger, "field")) == 3_000
    assert set(known(ledger, "field").values()) == {"y"}
