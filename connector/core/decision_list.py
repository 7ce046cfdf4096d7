"""A list of things that people decide about: it leaves as a sheet and comes back with a decision in some of its rows.

What comes back is believed only where it belongs to the list as it is now: the sheet carries a mark of the whole list,
and each row one of its own, made of what the decision is about and of the facts that it is made on. No other cell says
which row it is. The marks are keyed by the agency's evidence key: they tell nothing to whoever finds the sheet.
May import: chain, text, the standard library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from connector.core.chain import canonical
from connector.core.text import clean, folded, one_line

MARK = 16
"""So many digits of a row's mark: enough for a list of thousands, and short enough for a cell."""

MAX_REASON = 500

Keyed = Callable[[bytes], str]
"""Gives the agency's keyed commitment to some bytes."""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing to decide about. `id` is unique in its list; `facts`: what the decision is made on; `cells`: what is
    seen of both. `choices`: what may be chosen besides the decision itself. `cannot`: decisions without sense here."""

    id: str
    facts: tuple[str, ...]
    cells: tuple[str, ...]
    choices: frozenset[str] = frozenset()
    cannot: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class DecisionList:
    """All rows of one kind, of one agency. `about`: whatever else makes it this list, such as the code map.

    decisions: name -> the words for it in every language. `needs_choice`: the decisions that need one."""

    kind: str
    agency: str
    about: tuple[str, ...]
    rows: tuple[Row, ...]
    decisions: Mapping[str, tuple[str, ...]]
    needs_choice: frozenset[str] = frozenset()
    leave: str = "leave"  # the decision that decides nothing

    def mark(self, keyed: Keyed) -> str:
        """Return the mark of the whole list."""
        rows = [[row.id, list(row.facts)] for row in self.rows]
        return keyed(canonical([self.kind, self.agency, list(self.about), rows]))

    def marks(self, keyed: Keyed) -> tuple[str, ...]:
        """Return the marks of the rows, in their order."""
        whole = self.mark(keyed)
        return tuple(keyed(canonical([whole, row.id]))[:MARK] for row in self.rows)


@dataclass(frozen=True, slots=True)
class Answer:
    """One row of a sheet that came back, as typed. `number`: as a spreadsheet shows it."""

    number: int
    decision: str
    choice: str
    reason: str
    mark: str


@dataclass(frozen=True, slots=True)
class Decided:
    """What a person decided about one row, and why."""

    row: Row
    decision: str
    choice: str
    reason: str


@dataclass(slots=True)
class Read:
    """What came back: decisions, or what is wrong with which row: `mark`, `twice`, `decision`, `cannot`, `choice`,
    `reason`."""

    decided: list[Decided] = field(default_factory=list)
    wrong: list[tuple[int, str]] = field(default_factory=list)


def read_back(listed: DecisionList, keyed: Keyed, answers: Iterable[Answer], reason: str) -> Read:
    """Return what the rows of a sheet decide; `reason` stands where a row gives none.

    A row that is gone from the sheet, or left empty, decides nothing. One with anything wrong is named."""
    by_mark = dict(zip(listed.marks(keyed), listed.rows, strict=True))
    words = {folded(word): name for name, spelt in listed.decisions.items() for word in (name, *spelt)}
    found, seen = Read(), set()
    for answer in answers:
        row = by_mark.get(answer.mark)
        decision = words.get(folded(answer.decision)) if answer.decision.strip() else listed.leave
        why = one_line(clean(answer.reason) or "")[:MAX_REASON] or reason
        choice = answer.choice.strip().partition(" ")[0]  # words may stand behind the code
        wrong = _wrong(listed, row, decision, choice, why, is_known=answer.mark in seen)
        seen.add(answer.mark)
        if wrong:
            found.wrong.append((answer.number, wrong))
        elif row is not None and decision is not None and decision != listed.leave:
            found.decided.append(Decided(row, decision, choice, why))
    return found


def _wrong(
    listed: DecisionList, row: Row | None, decision: str | None, choice: str, reason: str, *, is_known: bool
) -> str:
    """Return what is wrong with one row, "" if nothing is."""
    if row is None:
        return "mark"
    if is_known:
        return "twice"
    if decision is None:
        return "decision"
    if decision == listed.leave:
        return ""
    if decision in row.cannot:
        return "cannot"
    if decision in listed.needs_choice and choice not in row.choices:
        return "choice"
    return "" if reason else "reason"


def by_reason(decided: Sequence[Decided]) -> dict[str, list[Decided]]:
    """Return the decisions by the reason that was given for them, in the order of the sheet."""
    found: dict[str, list[Decided]] = {}
    for each in decided:
        found.setdefault(each.reason, []).append(each)
    return found
