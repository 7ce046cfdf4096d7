"""Several sources of one agency behind one face: each question goes to the source that the kind in it comes from.

Nothing is mixed here: a page is of one source, and what fails says of which. How a sweep goes over all of them, and
what it may conclude where one is away, is the stages' business.
May import: core, errors, base, the standard library.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.core.kind_mapping import KindMapping
from connector.errors import ConfigProblem, MappingError, SourceError
from connector.sources.base import Page, Place, Source


@dataclass(frozen=True, slots=True)
class JoinedSource:
    """The sources by their names. Every SourceError names its source in `values["of_source"]`."""

    parts: Mapping[str, Source]

    def probe(self) -> None:
        """Probe every source. Raises MappingError with what any of them has not, else the first SourceError."""
        problems: list[ConfigProblem] = []
        away, misfit = None, None
        for name in self.parts:
            try:
                with self._of(name) as source:
                    source.probe()
            except MappingError as error:
                problems += error.problems
                misfit = misfit or error
            except SourceError as error:
                away = away or error
        if misfit is not None:
            raise MappingError(misfit.id, problems, **misfit.values)
        if away is not None:
            raise away

    def count(self, kind: KindMapping) -> int:
        """As the source of this kind."""
        with self._of(kind.source) as source:
            return source.count(kind)

    def pages(self, kind: KindMapping, *, lo: Any = None) -> Iterator[Page]:
        """As the source of this kind."""
        with self._of(kind.source) as source:
            yield from source.pages(kind, lo=lo)

    def fetch(self, kind: KindMapping, values: Iterable[Any]) -> Iterator[Page]:
        """As the source of this kind."""
        with self._of(kind.source) as source:
            yield from source.fetch(kind, values)

    def clock(self, kind: KindMapping) -> datetime:
        """As the source of this kind."""
        with self._of(kind.source) as source:
            return source.clock(kind)

    def later_than(self, kind: KindMapping, moment: datetime) -> int:
        """As the source of this kind."""
        with self._of(kind.source) as source:
            return source.later_than(kind, moment)

    def changed(self, kind: KindMapping, since: datetime, after: Place | None, until: datetime) -> list[Place]:
        """As the source of this kind."""
        with self._of(kind.source) as source:
            return source.changed(kind, since, after, until)

    def shape(self, kind: KindMapping) -> Mapping[str, str]:
        """As the source of this kind."""
        with self._of(kind.source) as source:
            return source.shape(kind)

    def part(self, kind: KindMapping, key: str, start: int, count: int) -> bytes:
        """As the source of this kind."""
        with self._of(kind.source) as source:
            return source.part(kind, key, start, count)

    def has_snapshot(self, kind: KindMapping) -> bool:
        """As the source of this kind."""
        with self._of(kind.source) as source:
            return source.has_snapshot(kind)

    def codes(self, kind: KindMapping, sql: str) -> list[tuple[Any, str]]:
        """As the source of this kind."""
        with self._of(kind.source) as source:
            return source.codes(kind, sql)

    def close(self) -> None:
        """Close every source."""
        for source in self.parts.values():
            source.close()

    @contextmanager
    def _of(self, name: str) -> Iterator[Source]:
        """Give one source; what it raises names it from here on."""
        try:
            yield self.parts[name]
        except SourceError as error:
            named = SourceError(error.id, **{**error.values, "of_source": name})
        else:
            return
        raise named
