"""Progress on standard error, while a person watches; nothing at all otherwise.

May import: words, opening; rich only when drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from connector.cli.opening import Desk
from connector.cli.screen import a_person_watches

if TYPE_CHECKING:
    from connector.app import App, Step


class Watch:
    """What is told of a run while it runs. Without a `bar` it keeps still."""

    def __init__(self, desk: Desk, bar: Any = None, expected: Callable[[str], int] | None = None) -> None:
        self._desk = desk
        self._bar = bar
        self._expected = expected or (lambda _stage: 0)
        self._task: Any = None
        self._stage = ""

    def begin(self, stage: str, first: Step | None = None) -> None:
        """A part of the run begins; `first`: what of it was done before anybody could tell, and is told next."""
        self._stage = stage
        if self._bar is None:
            return
        if self._task is not None:
            self._bar.remove_task(self._task)
        words = self._desk.say(f"progress.{stage}")
        expected = self._expected(stage)
        done = _done(first) if first is not None else 0
        self._task = self._bar.add_task(words, total=expected + done if expected else None)

    def step(self, step: Step) -> None:
        """One commit of it is done."""
        if self._bar is None:
            return
        if step.stage == "wait":
            words = self._desk.say("progress.wait", seconds=step.counts["seconds"])
            self._bar.update(self._task, description=words)
            return
        task = self._bar.tasks[self._bar.task_ids.index(self._task)]
        completed = task.completed + _done(step)
        total = None if task.total is None else max(task.total, completed)  # more may have come meanwhile
        words = self._desk.say(f"progress.{self._stage}")
        self._bar.update(self._task, completed=completed, total=total, description=words)


def _done(step: Step) -> int:
    """Return how far a commit moves the bar."""
    counts = step.counts
    return {
        "collect": counts.get("read", 0),
        "push": counts.get("delivered", 0) + counts.get("rejected", 0),
        "resolve": counts.get("to_delivered", 0),
        "pull": counts.get("new", 0),
    }.get(step.stage, 1)


@contextmanager
def shown(desk: Desk, app: App, code: str) -> Iterator[Watch]:
    """Give a Watch for one agency's run; it vanishes at the end, and the summary takes its place."""
    if desk.asked.quiet or not a_person_watches(desk.screen.err):
        yield Watch(desk)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(file=desk.screen.err, width=80)
    columns = (TextColumn("{task.description:<28}"), BarColumn(bar_width=20), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        yield Watch(desk, bar, partial(_expected, app, code))


def _expected(app: App, code: str, stage: str) -> int:
    """Return how much a part that begins now has to do, 0 if nobody knows: the source's rows, or what is waiting."""
    from connector.errors import SourceError
    from connector.store import views

    if stage == "collect":
        agency = app.agency(code)
        try:
            every = (each for kind in agency.mapping.kinds for each in agency.mapping.all_of(kind))
            return sum(agency.source.count(each) for each in every)
        except SourceError:
            return 0  # the stage itself will say so
    if stage not in ("deliver", "push"):
        return 0
    with app.store.read() as connection:
        return sum(by_state.get("pending", 0) for by_state in views.counts(connection, code).values())
