"""The national values of our codes, as the profile `ttcp2018` must write them. Data: `schemas/wire/ttcp2018/codes`.

What a list says of a code it does not know: `refuse`, the document is not sent until somebody has found the value, or
`leave_out`, the key stays empty because nothing hangs on it. Never a guess.
Pure: files come parsed. May import: the standard library, errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from connector.errors import ConfigError

LISTS = (
    "agency",
    "area",
    "decision-form",
    "decision-result",
    "ethnicity",
    "gender",
    "handling",
    "instance",
    "nationality",
    "petition-source",
    "petition-type",
    "petitioner-kind",
    "prior-decision-kind",
    "representation",
    "respondent-kind",
)
"""The lists that payloads need; each is one file."""

UNKNOWN = ("refuse", "leave_out")


@dataclass(frozen=True, slots=True)
class CodeTable:
    """One list: our code -> the national one."""

    name: str
    values: Mapping[str, str]
    refuses: bool  # a code that is not in it
    catalogue: str = ""  # the number of the national list, "" where it is not known


Codes = Mapping[str, CodeTable]


def compile_codes(documents: Mapping[str, Any], agencies: Mapping[str, str]) -> Codes:
    """Return the tables of parsed files, by their names; `agencies` come before what the file of agencies says.

    Raises ConfigError E-CFG-WIRE-CODES for a list that is missing, unknown or not of the right shape."""
    for name in {*LISTS} ^ {*documents}:
        raise ConfigError("E-CFG-WIRE-CODES", file=f"{name}.json")
    tables = {name: _table(name, documents[name]) for name in LISTS}
    own = tables["agency"]
    tables["agency"] = replace(own, values={**own.values, **agencies})
    return tables


def _table(name: str, document: Any) -> CodeTable:
    try:
        values = {entry["code"]: entry["national"] for entry in document["codes"]}
        sources = [entry["source"] for entry in document["codes"]]
        unknown = document["unknown"]
    except (KeyError, TypeError):
        raise ConfigError("E-CFG-WIRE-CODES", file=f"{name}.json") from None
    texts = (*values, *values.values(), *sources)
    whole = len(values) == len(sources) and all(isinstance(text, str) and text for text in texts)
    number = document.get("national_list")
    if not whole or unknown not in UNKNOWN or document.get("name") != name or not isinstance(number, int | None):
        raise ConfigError("E-CFG-WIRE-CODES", file=f"{name}.json")
    return CodeTable(name, values, refuses=unknown == "refuse", catalogue=str(number or ""))
