"""How single values are written on a `ttcp2018` payload, and the list of those that cannot be.

Every value is a text: days `dd/MM/yyyy`, truth `0` or `1`, numbers in digits, and `""` for what is not known. A key is
never left away and never null: the old server reads a missing key as an error, and a null as the text "null".
Pure. May import: core.model, ttcp2018_codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.core.model import RemoteProblem
from connector.national.ttcp2018_codes import Codes

NO_CODE = "E-WIRE-CODE"
UNDIVIDED_LAND = "E-WIRE-LAND"
NO_PLACE = "E-WIRE-NO-PLACE"

OWN_UNITS = "ttcp-2018"
"""The address scheme whose codes are the national system's own."""

_LEVELS = (("MaTinh", "province_code"), ("MaHuyen", "district_code"), ("MaXa", "commune_code"))


class Sheet:
    """Writes the values of one document; `problems` are what could not be written, with their pointers into it."""

    def __init__(self, codes: Codes) -> None:
        self._codes = codes
        self.problems: list[RemoteProblem] = []

    def refuse(self, pointer: str, rule: str, detail: str = "") -> str:
        """Note why the document cannot be sent; return the empty value."""
        self.problems.append(RemoteProblem(pointer, rule, detail))
        return ""

    def code(self, name: str, value: str | None, pointer: str) -> str:
        """Return the national value of a code of the list `name`; a problem where the list refuses to guess."""
        if not value:
            return ""
        table = self._codes[name]
        national = table.values.get(value, "")
        return self.refuse(pointer, NO_CODE, name) if table.refuses and not national else national

    def known(self, name: str, value: str) -> str:
        """Return the national value of a code, "" where there is none; never a problem."""
        return self._codes[name].values.get(value, "")

    def agency(self, agency: Mapping[str, Any], pointer: str) -> str:
        """Return the national code of an agency: its own there, else by the list. Only named, not coded: ""."""
        national: str = agency.get("ndb_code", "")
        return national or self.code("agency", agency.get("code"), f"{pointer}/code")

    def area(self, address: Mapping[str, Any], pointer: str, suffix: str = "") -> dict[str, str]:
        """Return MaTinh, MaHuyen and MaXa of an address (with the suffix), in the national system's own codes."""
        scheme = address.get("scheme", "")
        units = {}
        for key, level in _LEVELS:
            unit = address.get(level, "")
            if unit and scheme != OWN_UNITS:
                unit = self.code("area", f"{scheme}:{unit}", f"{pointer}/{level}")
            units[key + suffix] = unit
        return units

    def land(self, value: Mapping[str, Any], pointer: str) -> tuple[str, str]:
        """Return the land for housing (DatO) and for production (DatSX) of an amount.

        A sum that says nothing of its parts is a problem: the profile has no place for it, and either key would lie."""
        housing, production = value.get("land_residential", ""), value.get("land_production", "")
        if value.get("land", "0") != "0" and not (housing or production):
            self.refuse(f"{pointer}/land", UNDIVIDED_LAND)
        return housing, production


def day(value: str | None) -> str:
    """Return `2026-03-02` as `02/03/2026`."""
    return "/".join(reversed(value.split("-"))) if value else ""


def flag(value: bool | None) -> str:  # noqa: FBT001  a value of the document, not a switch
    """Return `1`, `0`, or "" where nobody has said."""
    return "" if value is None else str(int(value))


def number(value: int | None) -> str:
    """Return a count or an amount of money in digits; 0 is an answer, absence is none."""
    return "" if value is None else str(value)
