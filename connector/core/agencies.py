"""Codes of agencies (QĐ 20/2020/QĐ-TTg): which text is one, and what became of a province's code in the merger of 2025.

The merger rule (QĐ 09/2025/QĐ-TTg art. 2.2): a merged province whose name is that of an old one keeps that one's code;
else one of the old codes, and the rule does not say which; all others are closed. It speaks of the first group alone:
what became of a department of a closed province only that province can say.
May import: units, the standard library.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from connector.core.units import Conversion, Unit

LENGTH = 35

_CODE = re.compile(r"[A-Y][0-9]{2}(\.[0-9A-Z]+)*|Z[0-9]{2}[0-9A-Z.]{1,32}")
_FORMER_WHOLE = re.compile(r"000\.00\.00\.([A-Y][0-9]{2})")


def agency_code(text: str) -> str | None:
    """Return the code that a text is, None if it is none.

    The former spelling (QCVN 102:2016, lowest level first) is read where it can mean one thing only: `000.00.00.H51` is
    H51. Of a body below, `000.00.15.H51`, nobody can tell which code it has today."""
    if former := _FORMER_WHOLE.fullmatch(text):
        return former.group(1)
    return text if len(text) <= LENGTH and _CODE.fullmatch(text) else None


def successor(code: str, provinces: Mapping[str, Unit], conversion: Conversion) -> str | None:
    """Return the code that a provincial code of the first level goes on as: itself, if it was not closed.

    provinces: of these codes, the province that each belonged to, in the conversion's old scheme. None where the rule,
    or this list, does not say: a code of a lower level or of another body, a new name that no old province had."""
    unit = provinces.get(code)
    became = conversion.units.get((unit.level, unit.code), ()) if unit else ()
    if len(became) != 1:
        return None
    return next((kept for kept, old in provinces.items() if _bare(old.name) == _bare(became[0].name)), None)


def _bare(name: str) -> str:
    """The name without its kind: a province may have become a city."""
    return name.removeprefix("Thành phố ").removeprefix("Tỉnh ")
