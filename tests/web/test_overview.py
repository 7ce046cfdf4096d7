"""The overview: figures that no page waits for, sentences as `kntc status` has them, charts that need no eye."""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, date, datetime, timedelta

from connector.errors import LockedError
from connector.telling.words import Words
from connector.web.charts import HEIGHT, WIDTH, chart_of
from connector.web.figures import Refreshed
from tests.cli.conftest import kntc
from tests.web.conftest import Console
from tests.world import AGENCY

NOW = datetime(2026, 11, 26, 20, tzinfo=UTC)


def test_the_overview_shows_what_status_says(console: Console):
    page = console.visit("lan").get(f"/{AGENCY}/").text
    said = kntc("--config", console.config.path, "--lang", "en", "status", "--agency", AGENCY, "--json").json
    for by_state in said["agencies"][0]["states"].values():
        for state, count in by_state.items():
            assert f">{count}<" in page, state
    assert re.search(r"Mend \d+ bad records at the source", page)
    assert "kntc quarantine list" in re.sub("<[^>]*>", "", page)
    assert "Figures as of" in page


def test_the_overview_draws_a_month_or_a_year_day_by_day(console: Console):
    browser = console.visit("lan")
    month, year = (browser.get(f"/{AGENCY}/", params={"days": days}).text for days in (30, 365))
    said = kntc("--config", console.config.path, "--lang", "en", "status", "--agency", AGENCY, "--json").json
    received = sum(by_state.get("delivered", 0) for by_state in said["agencies"][0]["states"].values())
    for page in (month, year):
        assert page.count("<svg") == 3
        assert f"{received} in all; at most {received}, on " in page
    assert "The last 365 days" in year
    assert browser.get(f"/{AGENCY}/", params={"days": "7"}).status_code == 400


def test_words_of_a_persons_reason_do_not_stand_on_the_overview(console: Console):
    """They may name somebody; who may see them reads them beside the record."""
    reason = "Bà Trần Thị Bí Mật gọi điện"
    console.command("--lang", "en", "pause", "--agency", AGENCY, "--reason", reason)
    try:
        console.hall.boards._begun_s.clear()
        console.visit("lan").get(f"/{AGENCY}/")
        console.hall.boards._under_way[AGENCY].result(30)
        page = console.visit("lan").get(f"/{AGENCY}/").text
        assert "Sending paused" in page
        assert "Bí Mật" not in page
    finally:
        console.command("resume", "--agency", AGENCY, "--reason", "over")


def test_once_there_is_a_figure_nobody_waits_for_the_next():
    gate, runs = threading.Event(), []

    def compute(agency: str) -> int:
        runs.append(agency)
        if len(runs) > 1:
            assert gate.wait(30)
        return len(runs)

    figures = Refreshed(compute, lambda: NOW, every_s=0)
    assert figures.value("a").value == 1
    begun = time.monotonic()
    assert [figures.value("a").value for _ in range(50)] == [1] * 50
    assert time.monotonic() - begun < 5
    assert len(runs) <= 2, "one at a time, however many ask"
    gate.set()
    figures._under_way["a"].result(30)
    assert figures.value("a").value >= 2
    gate.set()
    figures.close()


def test_the_first_figure_is_waited_for_only_so_long():
    gate = threading.Event()
    figures = Refreshed(lambda _: gate.wait(30), lambda: NOW, patience_s=0.01)
    assert figures.value("a") is None
    gate.set()
    figures._under_way["a"].result(30)
    assert figures.value("a").value is True
    figures.close()


def test_a_figure_that_cannot_be_renewed_stays_with_its_time():
    answers = [1, LockedError("E-STORE-BUSY", file="x"), ValueError("a value of a record")]

    def compute(_: str) -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    figures = Refreshed(compute, lambda: NOW, every_s=0)
    for _ in range(3):
        found = figures.value("a")
        figures._under_way["a"].result(30)
        assert (found.value, found.at) == (1, NOW)
    figures.close()


def test_a_figure_that_is_young_enough_is_not_worked_out_again():
    runs = []
    figures = Refreshed(runs.append, lambda: NOW, every_s=3_600)
    for _ in range(5):
        figures.value("a")
    assert runs == ["a"]
    figures.close()


def days(counts: list[int]) -> list[tuple[date, dict[str, int]]]:
    return [(date(2026, 1, 1) + timedelta(days=at), {"received": count}) for at, count in enumerate(counts)]


def test_a_chart_says_in_words_and_in_a_table_what_its_bars_show():
    chart = chart_of(days([0, 5, 1754]), "received", Words("vi"), "Đã nhận")
    assert chart.bars == f"M100.0 {HEIGHT}V89.7h80.00V{HEIGHT}zM200.0 {HEIGHT}V0.0h80.00V{HEIGHT}z"
    assert chart.summary == "Cộng 1.759; nhiều nhất 1.754, ngày 03/01/2026."
    assert chart.rows == (("01/01/2026", "0"), ("02/01/2026", "5"), ("03/01/2026", "1.754"))
    assert (chart.first, chart.last, chart.scale) == ("01/01/2026", "03/01/2026", "1.754")


def test_a_chart_of_a_year_has_a_bar_for_each_day_and_a_row_for_each_month():
    chart = chart_of(days([1] * 365), "received", Words("vi"), "Đã nhận")
    assert chart.bars.count("M") == 365
    assert len(chart.rows) == 12
    assert chart.rows[1] == ("02/2026", "28")
    assert max(float(x) for x in re.findall(r"M([\d.]+) ", chart.bars)) < WIDTH


def test_a_chart_of_nothing_says_so():
    for none in ([], days([0, 0])):
        chart = chart_of(none, "received", Words("vi"), "Đã nhận")
        assert chart.bars == ""
        assert chart.summary == "Không có gì trong những ngày này."
