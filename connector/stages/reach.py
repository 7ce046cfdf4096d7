"""What of an agency's sources this cycle can read: one that is away, or one kind that fails, keeps no other from it.

    lose(source, error)    nothing of this source can be read now
    fail(kind, error)      this kind of this source could not be read, nor what hangs on it
    hold(kinds)            a guard holds them

An agency with one source is away with it: then the error is raised at once. A sweep over several sources is finished
only if all of them were read, so that nobody counts as gone because his source is away.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NoReturn

from connector.core.kind_mapping import KindMapping
from connector.core.mapping import CompiledMapping
from connector.core.model import Kind
from connector.errors import PartlyReadError, SourceError
from connector.logs import get_logger

Part = tuple[Kind, str]
"""One kind of one source."""


class Reach:
    """What one cycle has found out about its sources so far. `trouble`: the first thing that went wrong."""

    def __init__(self, agency: str, mapping: CompiledMapping) -> None:
        self.trouble: SourceError | None = None
        self._agency = agency
        self._mapping = mapping
        self._unread: set[Part] = set()
        self._lost: set[str] = set()
        self._troubled: set[str] = set()

    def hold(self, parts: Collection[Part]) -> None:
        """Leave these kinds out: they wait for a person."""
        self._unread.update(parts)

    def lose(self, source: str, error: SourceError) -> None:
        """Leave out a whole source. Raises the error if no other source is left."""
        names = {part.source for part in self._mapping.sources}
        self._lost.add(source)
        if self._lost >= names or not self._mapping.parts:
            raise error
        self._note(source, "", error)
        self._unread.update((kind, source) for kind in self._mapping.part(source).kinds)

    def fail(self, kind: KindMapping, error: SourceError) -> None:
        """Leave out one kind of a source, or all of the source that is away. Raises as `lose`."""
        if error.is_away:
            named = str(error.values.get("of_source", ""))
            own = any(part.source == named for part in self._mapping.sources)
            self.lose(named if own else kind.source, error)
        else:
            self._note(kind.source, kind.kind, error)
        self._leave_out(kind)

    def is_sound(self, source: str) -> bool:
        """Return whether everything of this source that could be read was, as far as this cycle came."""
        return source not in self._troubled

    def is_whole(self, kind: Kind) -> bool:
        """Return whether every source of this kind could be read."""
        return all(self.can(each) for each in self._mapping.all_of(kind))

    def can(self, kind: KindMapping) -> bool:
        """Return whether this kind of this source can be read."""
        return kind.part not in self._unread

    def parts(self, kind: Kind) -> tuple[KindMapping, ...]:
        """Return how this kind is mapped by each source that it can be read from. Of a source whose records may hang
        on something that could not be read it cannot: what their parents hide is not known."""
        for each in self._mapping.all_of(kind):
            if self.can(each) and not self._unread.isdisjoint((rule.kind, rule.source) for rule in each.parents):
                self._leave_out(each)
        return tuple(each for each in self._mapping.all_of(kind) if self.can(each))

    def raise_trouble(self) -> NoReturn:
        """Raise what went wrong: as something of a part only, where other sources were read."""
        assert self.trouble is not None, "ask for `trouble` first"  # noqa: S101
        if self._mapping.parts and any(map(self.is_sound, (part.source for part in self._mapping.parts))):
            raise PartlyReadError(self.trouble.id, **self.trouble.values)
        raise self.trouble

    def _note(self, source: str, kind: str, error: SourceError) -> None:
        self.trouble = self.trouble or error
        self._troubled.add(source)
        named = {"source": source} if self._mapping.parts else {}
        get_logger().warning(
            "job.failed", agency=self._agency, job="collect", kind=kind, error_id=error.id, **named
        )  # fmt: skip

    def _leave_out(self, kind: KindMapping) -> None:
        self._unread.add(kind.part)
        if self.trouble is not None:
            self._troubled.add(kind.source)
