"""The layer of today's places: beside every address that names its units, where that is now.

A mapping asks for it with `[places]`. The address as entered is never changed; the layer is written anew from it each
time, with the version of the table. Where a unit was divided, the commune that the agency's own people have chosen is
taken from the source; where nobody has, the place stays unresolved and the document is sent all the same.
May import: assembly, model, schema, transforms, units, the standard library.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connector.core.assembly import Miss
from connector.core.model import Body
from connector.core.schema import FieldInfo
from connector.core.transforms import Bad
from connector.core.units import Conversion, Place

CHOICE = "/current/commune_code"
"""The one field of the layer that a mapping may feed: what a person chose."""

_METHOD = "/current/method"
_CODES = ("province_code", "district_code", "commune_code")


def set_by_layer(fields: Mapping[str, FieldInfo]) -> frozenset[str]:
    """Return the patterns that no rule may feed where a mapping asks for the layer."""
    roots = tuple(f"{address}/current/" for address in addresses(fields))
    return frozenset(p for p in fields if p.startswith(roots) and not p.endswith(CHOICE)) if roots else frozenset()


def addresses(fields: Mapping[str, FieldInfo]) -> tuple[str, ...]:
    """Return the patterns of all addresses of a kind that can hold the layer."""
    return tuple(pattern.removesuffix(_METHOD) for pattern in fields if pattern.endswith(_METHOD))


@dataclass(frozen=True, slots=True)
class PlaceLayer:
    """What a mapping's kind needs to write the layer: its addresses, and the table to today's units."""

    addresses: tuple[str, ...]
    conversion: Conversion

    def write(self, body: Body, misses: list[Miss]) -> None:
        """Write `current` into every address of the body that names a unit and its scheme; what cannot be goes to
        `misses`.

        An address without a code gets none; nor does one without a scheme, which the schema then refuses."""
        for pattern in self.addresses:
            for pointer, address in _objects(body, pattern.split("/")[1:], ""):
                stated = address.pop("current", None)
                chosen = stated.get("commune_code", "") if isinstance(stated, dict) else ""
                place = _place(address)
                if place is None:
                    continue
                if chosen and not self.conversion.confirms(place, chosen):
                    # Not the candidates as detail: they would say where the person lives.
                    bad = Bad("E-MAP-UNIT-CHOICE", self.conversion.version)
                    misses.append(Miss(pointer + CHOICE, pattern + CHOICE, bad))
                address["current"] = self._current(place, chosen)

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
