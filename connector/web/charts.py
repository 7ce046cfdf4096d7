"""Small bar charts of counts per day, as figures that a template draws: no script, no picture from anywhere.

    chart = chart_of(days, "received", voice.say, label)     # days: [(date, {"received": 12, …}), …], oldest first
    {{ ui.chart(chart) }}                                    # the bars, and the same in a table

May import: telling.words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from connector.telling.words import Words

Days = Sequence[tuple[date, Mapping[str, int]]]

WIDTH, HEIGHT = 300, 90
"""Of the drawing, in its own units; it takes whatever width the page gives it."""

MOST_ROWS = 31
"""A table of more rows than this tells by the month."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing of counts per day, and the same as sentence and as rows. `bars`: one path of all bars, since a year of
    them one by one would be most of the page; `scale`: what the top line stands for, "" where there is none."""

    label: str
    summary: str
    bars: str
    scale: str
    first: str
    last: str
    rows: tuple[tuple[str, str], ...]


def chart_of(days: Days, name: str, say: Words, label: str) -> Chart:
    """Return the chart of one count. No days at all: an empty one."""
    counts = [(day, by_name.get(name, 0)) for day, by_name in days]
    highest = max((count for _, count in counts), default=0)
    return Chart(
        label=label,
        summary=_summary(counts, say),
        bars=_bars([count for _, count in counts], highest),
        scale=say.number(highest) if highest else "",
        first=say.day(counts[0][0]) if counts else "",
        last=say.day(counts[-1][0]) if counts else "",
        rows=tuple(_rows(counts, say)),
    )


def _bars(counts: Sequence[int], highest: int) -> str:
    """Return the outline of all bars, as the `d` of an SVG path: from the ground up, across, and down again."""
    step = WIDTH / max(len(counts), 1)
    width = max(step * 0.8, 0.5)
    return "".join(
        f"M{at * step:.1f} {HEIGHT}V{HEIGHT - HEIGHT * count / highest:.1f}h{width:.2f}V{HEIGHT}z"
        for at, count in enumerate(counts)
        if count
    )


def _summary(counts: Sequence[tuple[date, int]], say: Words) -> str:
    total = sum(count for _, count in counts)
    if not total:
        return say("console.chart.none")
    day, most = max(counts, key=lambda one: one[1])
    return say("console.chart.summary", total=total, most=most, day=day)


def _rows(counts: Sequence[tuple[date, int]], say: Words) -> list[tuple[str, str]]:
    if len(counts) <= MOST_ROWS:
        return [(say.day(day), say.number(count)) for day, count in counts]
    months: dict[str, int] = {}
    for day, count in counts:
        name = day.strftime("%m/%Y")
        months[name] = months.get(name, 0) + count
    return [(month, say.number(count)) for month, count in months.items()]
