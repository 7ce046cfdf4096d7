"""Administrative units: two schemes with their days of validity, and the conversion from the old one to the new.

A code means nothing without its scheme: most new commune codes were old ones too, two thirds of them with another name.
The conversion is a layer beside the address as it was entered, never in its place, and it never guesses: one old unit
that became one new unit is exact; one that was divided needs a person; everything else stays unresolved.
The files are data here: `schemas/units/` says what they look like and where they come from.
May import: errors, the standard library.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from connector.errors import ConfigError, ConfigProblem

LEVELS = ("province", "district", "commune")
UNIT_COLUMNS = ("level", "code", "parent", "name")
AGENCY_COLUMNS = ("code", "unit")
CONVERSION_COLUMNS = ("from_level", "from", "to_level", "to")


class Method(StrEnum):
    """How a place was found in the other scheme: a code of the list `address-conversion`."""

    EXACT = "exact"
    SPLIT = "split_manual"
    UNRESOLVED = "unresolved"


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of one scheme. `parent` is the code one level up, "" for a province."""

    level: str
    code: str
    parent: str
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Scheme:
    """A list of units with its first and last day; None: without a bound. Codes are unique within a level."""

    name: str
    source: str
    valid_from: date | None
    valid_to: date | None
    units: Mapping[tuple[str, str], Unit]

    def valid_on(self, day: date) -> bool:
        """Say whether these were the country's units on that day, first and last day included."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)

    def unit(self, level: str, code: str) -> Unit | None:
        """Return the unit, None if the scheme has none with that code at that level."""
        return self.units.get((level, code))

    def chain(self, place: Place) -> tuple[Unit, ...] | None:
        """Return the units of a place from the province down, with those it does not name but lies in.

        None where it names none, a unit that does not exist, or one that does not lie in the other."""
        stated = [(level, code) for level, code in place.codes() if code]
        unit = self.units.get(stated[-1]) if stated else None
        found: list[Unit] = []
        while unit is not None:
            found.insert(0, unit)
            unit = self._parent(unit)
        named = {(unit.level, unit.code) for unit in found}
        return tuple(found) if found and named >= set(stated) else None

    def _parent(self, unit: Unit) -> Unit | None:
        above = reversed(LEVELS[: LEVELS.index(unit.level)])  # the nearest: a scheme need not have districts
        return next((up for level in above if (up := self.units.get((level, unit.parent)))), None)


@dataclass(frozen=True, slots=True)
class Place:
    """The unit codes of an address, in its own scheme; "" for what it does not say."""

    scheme: str
    province: str = ""
    district: str = ""
    commune: str = ""

    def codes(self) -> tuple[tuple[str, str], ...]:
        """Return (level, code) from the province down."""
        return tuple(zip(LEVELS, (self.province, self.district, self.commune), strict=True))


@dataclass(frozen=True, slots=True)
class Converted:
    """A place in the scheme asked for. What is not certain is "".

    candidates: the communes that a divided unit became, of which a person chooses; empty where there is no choice."""

    method: Method
    province: str = ""
    commune: str = ""
    candidates: tuple[str, ...] = ()


UNRESOLVED = Converted(Method.UNRESOLVED)


@dataclass(frozen=True, slots=True, eq=False)
class Conversion:
    """A table from one scheme to another, under its own version."""

    source: Scheme
    target: Scheme
    version: str
    units: Mapping[tuple[str, str], tuple[Unit, ...]]

    def convert(self, place: Place, chosen: str = "") -> Converted:
        """Return where a place lies today; `chosen`: the commune that a person has named, "" if nobody has.

        A choice counts where the unit was divided and became, among others, that commune; `confirms` says so first.
        A district alone is not converted further than to its province: its communes went different ways."""
        if place.scheme == self.target.name:
            return self._as_it_is(place)
        chain = self.source.chain(place) if place.scheme == self.source.name else None
        if chain is None:
            return UNRESOLVED
        became = self.units.get((chain[-1].level, chain[-1].code), ())
        provinces = {self._province(unit) for unit in became or self.units.get(("province", chain[0].code), ())}
        province = provinces.pop() if len(provinces) == 1 else ""
        communes = tuple(unit.code for unit in became if unit.level == "commune")
        if chosen and len(communes) > 1 and chosen in communes:
            return Converted(Method.SPLIT, self._province(self.target.units["commune", chosen]), chosen)
        if len(communes) > 1:
            return Converted(Method.UNRESOLVED, province, "", communes)
        if communes:
            return Converted(Method.EXACT, province, communes[0])
        exact = province and chain[-1].level == "province"
        return Converted(Method.EXACT if exact else Method.UNRESOLVED, province)

    def confirms(self, place: Place, chosen: str) -> bool:
        """Whether the table allows the commune that a person named: it is the only one, or one of several."""
        found = self.convert(place)
        return chosen == found.commune or chosen in found.candidates

    def _as_it_is(self, place: Place) -> Converted:
        chain = self.target.chain(place)
        if chain is None:
            return UNRESOLVED
        last = chain[-1]
        return Converted(Method.EXACT, chain[0].code, last.code if last.level == "commune" else "")

    def _province(self, unit: Unit) -> str:
        return unit.code if unit.level == "province" else unit.parent


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """All schemes by name, all conversions by (from, to), and the old province of each agency code known (H51: Sóc
    Trăng). `digest` is that of the files, as they say it themselves."""

    schemes: Mapping[str, Scheme]
    conversions: Mapping[tuple[str, str], Conversion]
    provinces: Mapping[str, Unit]
    digest: str

    @classmethod
    def compile(cls, head: Mapping[str, Any], tables: Mapping[str, bytes]) -> Units:
        """Take the parsed `units.json` and the bytes of the tables it names.

        A table that is missing, has another digest than the head says, or is not of the declared form raises
        ConfigError E-CFG-UNITS with the file and, where there is one, the line."""
        schemes = {}
        for name, said in head["schemes"].items():
            rows = _rows(said, tables, UNIT_COLUMNS)
            schemes[name] = _scheme(name, said, rows)
        conversions = {}
        for said in head["conversions"]:
            rows = _rows(said, tables, CONVERSION_COLUMNS)
            between = (said["from"], said["to"])
            conversions[between] = _conversion(said, schemes[said["from"]], schemes[said["to"]], rows)
        agencies = [head["agencies"]] if "agencies" in head else []
        provinces = {
            code: unit
            for said in agencies
            for code, unit in _agencies(said, schemes[said["scheme"]], _rows(said, tables, AGENCY_COLUMNS))
        }
        said_digests = sorted(said["sha256"] for said in (*head["schemes"].values(), *head["conversions"], *agencies))
        digest = hashlib.sha256("".join(said_digests).encode()).hexdigest()
        return cls(MappingProxyType(schemes), MappingProxyType(conversions), MappingProxyType(provinces), digest)


def _rows(said: Mapping[str, Any], tables: Mapping[str, bytes], columns: tuple[str, ...]) -> list[list[str]]:
    """The rows of a table, each with as many texts as there are columns."""
    file = said["file"]
    data = tables.get(file)
    if data is None:
        raise _unusable(file, "missing")
    if hashlib.sha256(data).hexdigest() != said["sha256"]:
        raise _unusable(file, "sha256")
    try:
        first, *rows = csv.reader(data.decode("utf-8").splitlines(), strict=True)
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise _unusable(file, type(error).__name__) from None
    if tuple(first) != columns:
        raise _unusable(file, f"line 1: {','.join(columns)}")
    for at, row in enumerate(rows, start=2):
        if len(row) != len(columns):
            raise _bad_line(file, at, "columns")
    return rows


def _scheme(name: str, said: Mapping[str, Any], rows: Iterable[list[str]]) -> Scheme:
    """Build a scheme; parents stand before their children in the file."""
    units: dict[tuple[str, str], Unit] = {}
    parents = {"": ""}
    for at, (level, code, parent, title) in enumerate(rows, start=2):
        if level not in said["levels"] or not (code.isascii() and code.isdigit()) or not title:
            raise _bad_line(said["file"], at, "level, code, name")
        if (level, code) in units:
            raise _bad_line(said["file"], at, "code twice")
        upper = said["levels"].index(level) - 1
        if (upper < 0) != (parent == "") or (upper >= 0 and (said["levels"][upper], parent) not in units):
            raise _bad_line(said["file"], at, "parent")
        units[level, code] = Unit(level, code, parents.setdefault(parent, parent), title)
    return Scheme(name, said["source"], _day(said, "valid_from"), _day(said, "valid_to"), MappingProxyType(units))


def _conversion(said: Mapping[str, Any], source: Scheme, target: Scheme, rows: Iterable[list[str]]) -> Conversion:
    """Build a conversion; both ends of every row must be units of their scheme, and no row may stand twice."""
    became: dict[tuple[str, str], tuple[Unit, ...]] = {}
    for at, (level, code, to_level, to) in enumerate(rows, start=2):
        unit = target.unit(to_level, to)
        if source.unit(level, code) is None or unit is None:
            raise _bad_line(said["file"], at, "unit")
        before = became.get((level, code), ())
        if unit in before:
            raise _bad_line(said["file"], at, "twice")
        became[level, code] = (*before, unit)
    return Conversion(source, target, said["version"], MappingProxyType(became))


def _agencies(said: Mapping[str, Any], scheme: Scheme, rows: Iterable[list[str]]) -> Iterator[tuple[str, Unit]]:
    """Yield agency codes with their province, which must be one of the scheme; each code and province once."""
    seen: set[str] = set()
    for at, (code, province) in enumerate(rows, start=2):
        unit = scheme.unit("province", province)
        if unit is None or not code:
            raise _bad_line(said["file"], at, "unit")
        if code in seen or province in seen:
            raise _bad_line(said["file"], at, "twice")
        seen |= {code, province}
        yield code, unit


def _bad_line(file: str, line: int, what: str) -> ConfigError:
    return _unusable(file, f"line {line}: {what}")


def _unusable(file: str, error: str) -> ConfigError:
    """With the problem as one of a list: whoever gathers those of several mappings must not lose it."""
    problem = ConfigProblem("E-CFG-UNITS", file=file, key="", found="", expected="", error=error)
    return ConfigError("E-CFG-UNITS", [problem], file=file, error=error)


def _day(said: Mapping[str, Any], key: str) -> date | None:
    return date.fromisoformat(said[key]) if said.get(key) else None
