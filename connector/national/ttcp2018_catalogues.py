"""The fourteen code lists of `ttcp2018`: what is asked for, and what an answer `[{Ma, Ten}]` is made of.

Pure. May import: core.catalogue, errors, ttcp2018_answers, ttcp2018_codes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connector.core.catalogue import Catalogue, Translation, UnfitError, make_catalogue
from connector.errors import CatalogueError
from connector.national.ttcp2018_answers import Said
from connector.national.ttcp2018_codes import Codes

NUMBERS = tuple(str(number) for number in range(1, 15))

_BY_PROVINCE = frozenset({"1", "2", "7"})
"""Units, administrative bodies and their parts: without a province an answer may hold the uppermost level alone."""

_PROVINCE_OF_AGENCY = re.compile(r"H([0-9]{3})(\..*)?")


def asked_for(number: str, province: str = "") -> dict[str, Any]:
    """Return the payload that asks for a list; every key is always there."""
    return {"LoaiDanhMuc": number, "MaTinh": province, "MaBoNganh": "", "MaLoaiKhieuTo": ""}


def asked_for_province(number: str, agency: str) -> tuple[dict[str, Any], ...]:
    """Return what is asked besides, for the province that the agency's national code names (H811.01: 811)."""
    found = _PROVINCE_OF_AGENCY.fullmatch(agency)
    return (asked_for(number, found[1]),) if found and number in _BY_PROVINCE else ()


def catalogue_of(number: str, answers: Sequence[Said]) -> Catalogue | None:
    """Return the list of all answers together; None where the first one refuses it, as an unknown list is refused.

    Raises CatalogueError unless every answer is a list and all of them together are one."""
    if answers[0].given_id == "":
        return None
    try:
        return make_catalogue(number, _rows(answers))
    except UnfitError as unfit:
        raise CatalogueError("E-CATALOGUE-UNFIT", catalogue=number, unfit=str(unfit)) from None


def translations(codes: Codes) -> tuple[Translation, ...]:
    """Return our lists that have a national one."""
    return tuple(Translation(table.name, table.catalogue, table.values) for table in codes.values() if table.catalogue)


def _rows(answers: Sequence[Said]) -> Iterator[tuple[object, object, None, None]]:
    for said in answers:
        if said.succeeded is not True or not isinstance(said.value, list):
            raise UnfitError("shape")
        for entry in said.value:
            if not isinstance(entry, Mapping):
                raise UnfitError("shape")
            yield entry.get("Ma"), entry.get("Ten"), None, None
