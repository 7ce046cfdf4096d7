"""The layer of today's places: beside every address that names its units, where that is now.

A mapping asks for it with `[places]`. The address as entered is never changed; the layer is written anew from it each
time, with the version of the table. Where a unit was divided, the commune that the agency's own people have chosen is
taken from the source, or from what they decided here; where nobody has, the place stays unresolved and the document is
sent all the same.
May import: agencies, assembly, model, schema, transforms, units, the standard library.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.core.agencies import successor
from connector.core.assembly import Miss
from connector.core.model import Body, Chooser
from connector.core.schema import FieldInfo
from connector.core.transforms import Bad
from connector.core.units import Conversion, Place, Unit

CHOICE = "/current/commune_code"
"""The one field of the layer that a mapping may feed: what a person chose."""

_METHOD = "/current/method"
_SUCCESSORS = "/successor_codes"
_CODES = ("province_code", "district_code", "commune_code")


@dataclass(frozen=True, slots=True)
class Places:
    """What a mapping asks for: the table to today's units, and, for successors of agencies, the province of each code.

    provinces: empty where it does not ask for them."""

    conversion: Conversion
    provinces: Mapping[str, Unit]

    def fields_set(self, fields: Mapping[str, FieldInfo]) -> frozenset[str]:
        """Return the patterns of a kind that the layer writes, so that no rule may."""
        roots = [f"{address}/current/" for address in addresses(fields)]
        found = {p for p in fields if any(map(p.startswith, roots)) and not p.endswith(CHOICE)}
        successors = {f"{agency}{_SUCCESSORS}" for agency in agencies(fields)} if self.provinces else set()
        return frozenset(found | successors)

    def written(self, fields: Mapping[str, FieldInfo], fed: Collection[str]) -> Iterator[tuple[str, str]]:
        """Yield what the layer says of the addresses and agencies that have rules, each with its rule in words.

        fed: the patterns of the rules. The scheme and the table's version are left out: the words hold them."""
        groups = {pattern.rpartition("/")[0] for pattern in fed}
        for address in addresses(fields):
            for name in ("method", "province_code", "commune_code"):
                if address in groups and f"{address}/current/{name}" not in fed:
                    yield f"{address}/current/{name}", f"places {self.conversion.version}"
        for agency in agencies(fields) if self.provinces else ():
            if agency in groups:
                yield f"{agency}{_SUCCESSORS}/*", "successor"


def addresses(fields: Mapping[str, FieldInfo]) -> tuple[str, ...]:
    """Return the patterns of all addresses of a kind that can hold the layer."""
    return tuple(pattern.removesuffix(_METHOD) for pattern in fields if pattern.endswith(_METHOD))


def agencies(fields: Mapping[str, FieldInfo]) -> tuple[str, ...]:
    """Return the patterns of all agencies of a kind that can name their successors."""
    return tuple(pattern.removesuffix(_SUCCESSORS) for pattern in fields if pattern.endswith(_SUCCESSORS))


@dataclass(frozen=True, slots=True)
class Undecided:
    """An address of a unit that was divided: as entered (personal), and the communes that it may be in now."""

    pointer: str
    pattern: str
    address: Mapping[str, Any] = field(repr=False)
    candidates: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PlaceLayer:
    """What one kind needs to write the layer: where its addresses and agencies stand, and the tables."""

    addresses: tuple[str, ...]
    agencies: tuple[str, ...]
    conversion: Conversion
    provinces: Mapping[str, Unit]

    @classmethod
    def of(cls, places: Places, fields: Mapping[str, FieldInfo]) -> PlaceLayer:
        """Return the layer of the kind that has these fields."""
        named = agencies(fields) if places.provinces else ()
        return cls(addresses(fields), named, places.conversion, places.provinces)

    def write(self, body: Body, misses: list[Miss], choose: Chooser | None = None) -> None:
        """Write `current` into every address of the body that names a unit and its scheme; what cannot be goes to
        `misses`. Beside an agency whose code the merger closed: the code it goes on as.

        `choose`: what people decided here about divided units; what the source itself states comes before it.

        An address without a code gets none; nor does one without a scheme, which the schema then refuses."""
        for pattern in self.agencies:
            for _, agency in _objects(body, pattern.split("/")[1:], ""):
                code = agency.get("code")
                goes_on = successor(code, self.provinces, self.conversion) if isinstance(code, str) else None
                if goes_on is not None and goes_on != code:
                    agency["successor_codes"] = [goes_on]
        for pattern in self.addresses:
            for pointer, address in _objects(body, pattern.split("/")[1:], ""):
                stated = address.pop("current", None)
                chosen = stated.get("commune_code", "") if isinstance(stated, dict) else ""
                place = _place(address)
                if place is None:
                    continue
                if not chosen and choose is not None and (several := self.conversion.convert(place).candidates):
                    chosen = choose(address, several)
                if chosen and not self.conversion.confirms(place, chosen):
                    # Not the candidates as detail: they would say where the person lives.
                    bad = Bad("E-MAP-UNIT-CHOICE", self.conversion.version)
                    misses.append(Miss(pointer + CHOICE, pattern + CHOICE, bad))
                address["current"] = self._current(place, chosen)

    def undecided(self, body: Mapping[str, Any]) -> Iterator[Undecided]:
        """Yield the addresses of a document whose unit was divided, and of which nobody has said where they are now."""
        for pattern in self.addresses:
            for pointer, address in _objects(body, pattern.split("/")[1:], ""):
                entered = {name: value for name, value in address.items() if name != "current"}
                place = _place(entered)
                stated = address.get("current")
                if place is None or (isinstance(stated, dict) and stated.get("commune_code")):
                    continue
                if several := self.conversion.convert(place).candidates:
                    yield Undecided(pointer, pattern, entered, several)

    def _current(self, place: Place, chosen: str) -> dict[str, str]:
        found = self.conversion.convert(place, chosen)
        current = {
            "scheme": self.conversion.target.name,
            "method": found.method.value,
            "table_version": self.conversion.version,
            "province_code": found.province,
            "commune_code": found.commune,
        }
        return {name: value for name, value in current.items() if value}


def _place(address: Mapping[str, Any]) -> Place | None:
    """The place that an address names, None without codes or without their scheme."""
    values = [address.get(name, "") for name in ("scheme", *_CODES)]
    texts = [value if isinstance(value, str) else "" for value in values]
    return Place(*texts) if texts[0] and any(texts[1:]) else None


def _objects(value: Any, path: list[str], pointer: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if not path:
        if isinstance(value, dict):
            yield pointer, value
    elif path[0] == "*":
        for at, item in enumerate(value if isinstance(value, list) else ()):
            yield from _objects(item, path[1:], f"{pointer}/{at}")
    elif isinstance(value, dict) and path[0] in value:
        yield from _objects(value[path[0]], path[1:], f"{pointer}/{path[0]}")
