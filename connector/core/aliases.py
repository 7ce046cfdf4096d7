"""When the local software is replaced or numbers anew: the id that it gives now, and the key first sent under.

    source: moi:17  ->  ledger and national side: bentre:5121

The first key ever sent stays the national key. An id of today is its alias, and is met in two places only: on a page as
read (`sources/renamed.py`) and where a row names another record (`kind_mapping`). Nothing behind them sees it.
May import: chain, model, the standard library.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from connector.core.chain import canonical, digest
from connector.core.model import Kind

TAKEN = "%"
"""Behind the id of a row whose own id is the first key of another record: no key of any source ends so."""


@dataclass(frozen=True, slots=True)
class Aliases:
    """The ids of one agency that stand for other keys, both ways, by kind. Empty: every id is its own key."""

    first: Mapping[Kind, Mapping[str, str]] = field(default_factory=dict)  # the id of today -> the first key
    today: Mapping[Kind, Mapping[str, str]] = field(default_factory=dict)  # the first key -> the id of today

    @classmethod
    def of(cls, pairs: Iterable[tuple[Kind, str, str]]) -> Aliases:
        """Return the aliases that these are: kind, id of today, first key. A later one takes the place of an earlier
        one of the same id or the same key; one that is its own key only ends what was before."""
        first: dict[Kind, dict[str, str]] = {}
        today: dict[Kind, dict[str, str]] = {}
        for kind, alias, local_id in pairs:
            by_alias, by_key = first.setdefault(kind, {}), today.setdefault(kind, {})
            by_alias.pop(by_key.pop(local_id, ""), None)
            by_key.pop(by_alias.pop(alias, ""), None)
            if alias != local_id:
                by_alias[alias], by_key[local_id] = local_id, alias
        return cls(first, today)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return any(self.first.values())

    def with_pairs(self, pairs: Iterable[tuple[Kind, str, str]]) -> Aliases:
        """Return these and more, as `of` takes them: these are the earlier ones."""
        return Aliases.of([*self.pairs(), *pairs])

    def pairs(self) -> list[tuple[Kind, str, str]]:
        """Return kind, id of today and first key of each, in order."""
        return sorted((kind, alias, key) for kind, known in self.first.items() for alias, key in known.items())

    def key_of(self, kind: Kind, local_id: str) -> str:
        """Return the key of what the source calls so today; one that ends in TAKEN where the id is the first key of
        another record, and so can be no key of this one."""
        known = self.first.get(kind, {})
        if local_id in known:
            return known[local_id]
        return local_id + TAKEN if local_id in self.today.get(kind, {}) else local_id

    def id_of(self, kind: Kind, local_id: str) -> str:
        """Return what the source calls the record of this key today."""
        return self.today.get(kind, {}).get(local_id, local_id)

    @property
    def mark(self) -> str:
        """Return what tells these aliases from any others."""
        return digest(canonical([list(pair) for pair in self.pairs()]))


NO_ALIASES = Aliases()


def is_taken(local_id: str) -> bool:
    """Whether `key_of` found that the id belongs to another record."""
    return local_id.endswith(TAKEN)
