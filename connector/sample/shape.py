"""How many rows of which sort: the year 2023 of the acceptance example, or the same shape at another size.

The figures of `YEAR_2023` are those of a provincial reception board's published review of 2023: visits, persons,
groups, the Party leaders' visits, petitions by type and those within the chairman's authority. What the review does
not give (decisions, enforcements, petitions not yet processed, visits that brought a petition) is invented.
May import: the standard library.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

LARGE_GROUP = 5
"""From so many persons on a visit is a large group (form 01/TCD)."""


SMALLEST = 20
"""Fewer petitions could not hold one row of each sort."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Counts of one year's good rows. `linked` visits each brought a petition; `repeat` visits came back about one."""

    receptions: int
    persons: int
    large_groups: int
    party_visits: int
    party_persons: int
    complaints: int
    denunciations: int
    recommendations: int
    within_complaints: int
    within_denunciations: int
    decisions: int
    enforcements: int
    unprocessed: int
    linked: int
    repeat: int
    unclassified: int

    @property
    def petitions(self) -> int:
        """Petitions of all types."""
        return self.complaints + self.denunciations + self.recommendations

    @property
    def within(self) -> int:
        """Petitions within the chairman's authority."""
        return self.within_complaints + self.within_denunciations


YEAR_2023 = Shape(
    receptions=332,
    persons=534,
    large_groups=12,
    party_visits=4,
    party_persons=10,
    complaints=201,
    denunciations=50,
    recommendations=449,
    within_complaints=12,
    within_denunciations=1,
    decisions=11,
    enforcements=6,
    unprocessed=10,
    linked=170,
    repeat=6,
    unclassified=20,
)


def scaled(petitions: int) -> Shape:
    """Return the shape of 2023 at another size: all sorts in proportion, at least one of each.

    ValueError below SMALLEST petitions."""
    if petitions < SMALLEST:
        raise ValueError(f"a scaled sample has at least {SMALLEST} petitions")
    year = YEAR_2023

    def part(count: int) -> int:
        return max(1, round(count * petitions / year.petitions))

    complaints, denunciations, within = part(year.complaints), part(year.denunciations), part(year.within)
    receptions, groups, party = part(year.receptions), part(year.large_groups), part(year.party_visits)
    within_denunciations = part(year.within_denunciations)
    decisions = max(1, min(part(year.decisions), within))
    return Shape(
        receptions=receptions,
        persons=part(year.persons),
        large_groups=groups,
        party_visits=party,
        party_persons=party * 5 // 2,
        complaints=complaints,
        denunciations=denunciations,
        recommendations=petitions - complaints - denunciations,
        within_complaints=max(1, within - within_denunciations),
        within_denunciations=within_denunciations,
        decisions=decisions,
        enforcements=min(part(year.enforcements), decisions),
        unprocessed=part(year.unprocessed),
        linked=max(groups + party, part(year.linked)),
        repeat=part(year.repeat),
        unclassified=part(year.unclassified),
    )


@dataclass(frozen=True, slots=True)
class Sizes:
    """Persons per visit: of large groups, of the Party leaders' visits, of all others."""

    groups: list[int]
    party: list[int]
    others: list[int]


def visit_sizes(shape: Shape, rng: Random) -> Sizes:
    """Return how many persons came to each visit of the shape: together `shape.persons`."""
    groups = [LARGE_GROUP + number % 3 for number in range(shape.large_groups)]
    party = _spread(shape.party_persons, shape.party_visits, rng)
    visits = shape.receptions - len(groups) - len(party)
    return Sizes(groups, party, _spread(shape.persons - sum(groups) - sum(party), visits, rng))


def _spread(persons: int, visits: int, rng: Random) -> list[int]:
    sizes = [1] * visits
    for _ in range(persons - visits):
        sizes[rng.choice([at for at, size in enumerate(sizes) if size < LARGE_GROUP - 1])] += 1
    return sizes
