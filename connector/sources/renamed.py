"""A source whose records go by their first keys: an agency's own one, behind the aliases of its ids.

Children are joined to their records by the row's own key, so a page is renamed when it is whole.
May import: core, base, the standard library.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from connector.core.aliases import Aliases, is_taken
from connector.core.kind_mapping import BAD_NAME, KindMapping
from connector.core.model import Problem
from connector.sources.base import Page, Place, Source


def renamed(page: Page, kind: KindMapping, aliases: Aliases) -> Page:
    """Return the page with every id replaced by its key; the same one where the kind has no alias.

    A row whose own id is the first key of another record has no key: one more problem without a name."""
    if not aliases.first.get(page.kind):
        return page

    def key_of(local_id: str) -> str:
        return aliases.key_of(page.kind, local_id)

    rows = [replace(row, key=replace(row.key, local_id=key_of(row.key.local_id))) for row in page.rows]
    taken = Problem("/local_id", BAD_NAME.rule, kind.origin(kind.key[0]))
    problems = [(key_of(local_id), problem) if local_id else ("", problem) for local_id, problem in page.problems]
    return replace(
        page,
        rows=tuple(row for row in rows if not is_taken(row.key.local_id)),
        problems=(
            *(("", taken) if is_taken(key) else (key, problem) for key, problem in problems),
            *(("", taken) for row in rows if is_taken(row.key.local_id)),
        ),
        secret_ids=frozenset(map(key_of, page.secret_ids)),
        excluded_ids=frozenset(map(key_of, page.excluded_ids)),
        excluded_as={key_of(local_id): reason for local_id, reason in page.excluded_as.items()},
    )


@dataclass(frozen=True, slots=True)
class RenamedSource:
    """A Source whose pages are renamed. Values of the range column are the source's own, here as there."""

    source: Source
    aliases: Aliases

    def probe(self) -> None:
        """As the source."""
        self.source.probe()

    def count(self, kind: KindMapping) -> int:
        """As the source."""
        return self.source.count(kind)

    def pages(self, kind: KindMapping, *, lo: Any = None) -> Iterator[Page]:
        """Yield the source's pages under the first keys."""
        return (renamed(page, kind, self.aliases) for page in self.source.pages(kind, lo=lo))

    def fetch(self, kind: KindMapping, values: Iterable[Any]) -> Iterator[Page]:
        """Yield the source's pages of single records under the first keys."""
        return (renamed(page, kind, self.aliases) for page in self.source.fetch(kind, values))

    def clock(self, kind: KindMapping) -> datetime:
        """As the source."""
        return self.source.clock(kind)

    def later_than(self, kind: KindMapping, moment: datetime) -> int:
        """As the source."""
        return self.source.later_than(kind, moment)

    def changed(self, kind: KindMapping, since: datetime, after: Place | None, until: datetime) -> list[Place]:
        """As the source."""
        return self.source.changed(kind, since, after, until)

    def shape(self, kind: KindMapping) -> Mapping[str, str]:
        """As the source."""
        return self.source.shape(kind)

    def part(self, kind: KindMapping, key: str, start: int, count: int) -> bytes:
        """As the source: files that it holds have keys of their own."""
        return self.source.part(kind, key, start, count)

    def has_snapshot(self, kind: KindMapping) -> bool:
        """As the source."""
        return self.source.has_snapshot(kind)

    def codes(self, kind: KindMapping, sql: str) -> list[tuple[Any, str]]:
        """As the source."""
        return self.source.codes(kind, sql)

    def close(self) -> None:
        """As the source."""
        self.source.close()
