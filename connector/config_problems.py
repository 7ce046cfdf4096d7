"""Everything that is wrong with a configuration, in one pass: each with its key, and what would be right.

What a single key shows is read from pydantic's errors; what only several keys show together is looked at in the raw
table, so that one mistake elsewhere hides none of them. No text of the file is repeated: it may be a secret in the
wrong place; numbers and truth values may be shown.
May import: pydantic, errors.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from connector.errors import ConfigProblem

Raw = Mapping[str, Any]
Place = tuple[str | int, ...]

_IDS = {"extra_forbidden": "E-CFG-UNKNOWN-KEY", "missing": "E-CFG-MISSING"}

_TYPES = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "path_type": "a path",
    "model_type": "a table [..]",
    "tuple_type": "blocks [[..]]",
    "dict_type": "a table [..]",
}
_BOUNDS = {
    "greater_than": ("above {}", "gt"),
    "greater_than_equal": ("at least {}", "ge"),
    "less_than_equal": ("at most {}", "le"),
    "string_too_short": ("at least {} characters", "min_length"),
    "string_too_long": ("at most {} characters", "max_length"),
    "too_long": ("at most {} blocks", "max_length"),
    "too_short": ("at least {} block", "min_length"),
}


_OTHERWISE = "a value that this key takes"
"""What is said of a mistake that has no words of ours: pydantic's own are English and may repeat the value."""


def syntax_problem(file: str, path: Path, error: ValueError) -> ConfigProblem:
    """Return where a file stops being TOML, or UTF-8: by line and column, without a word of the file or its parser."""
    if isinstance(error, UnicodeDecodeError):
        before = error.object[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        return ConfigProblem("E-CFG-ENCODING", file=file, key="", found="", expected="", line=line, column=column)
    if place := re.search(r"\(at line (\d+), column (\d+)\)", str(error)):
        line, column = int(place[1]), int(place[2])
    else:  # "at end of document"
        lines = path.read_text(encoding="utf-8").splitlines() or [""]
        line, column = len(lines), len(lines[-1]) + 1
    return ConfigProblem("E-CFG-SYNTAX", file=file, key="", found="", expected="", line=line, column=column)


def field_problems(
    file: str, raw: Raw, error: ValidationError, model: type[BaseModel], patterns: Mapping[str, str]
) -> list[ConfigProblem]:
    """Return one problem per mistake of a single key. `patterns`: what a regular expression means, in words."""
    problems = []
    for detail in error.errors(include_input=True, include_url=False):
        place = tuple(detail["loc"])
        if detail["type"] == "too_short" and _at(raw, place):
            continue  # only sound blocks were counted: the mistakes of the others are told one by one
        problems.append(
            ConfigProblem(
                _IDS.get(detail["type"], "E-CFG-VALUE"),
                file=file,
                key=".".join(map(str, place)),
                found=_shown(detail["input"]),
                expected=_expected(detail, place, model, patterns),
            )
        )
    return problems


def _expected(detail: Any, place: Place, model: type[BaseModel], patterns: Mapping[str, str]) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "missing":
        return ""
    if kind == "extra_forbidden":
        return _nearest(str(place[-1]), _keys_at(model, place[:-1]))
    if kind == "literal_error":
        return "one of: " + ", ".join(re.findall(r"'([^']*)'", context["expected"]))
    if kind == "string_pattern_mismatch":
        return patterns.get(context["pattern"], str(context["pattern"]))
    if kind in _BOUNDS:
        words, name = _BOUNDS[kind]
        return words.format(f"{context[name]:g}")
    if kind == "value_error":
        return str(detail["msg"]).removeprefix("Value error, ")
    return _TYPES.get(kind, _OTHERWISE)


def _nearest(written: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(written, known, n=1)
    return f"the key {near[0]}" if near else "one of: " + ", ".join(known)


def _keys_at(model: type[BaseModel], place: Place) -> list[str]:
    """Return the keys that a table may hold; `place` walks over tables and numbers of blocks."""
    for step in place:
        if isinstance(step, int):
            continue
        found = _model_in(model.model_fields[step].annotation) if step in model.model_fields else None
        if found is None:
            return []
        model = found
    hidden = {"path", "digest"}  # set by the program, not written by a person
    return [name for name in model.model_fields if name not in hidden]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, int | float) else ""


def _at(raw: Any, place: Place) -> Any:
    try:
        for step in place:
            raw = raw[step]
    except (KeyError, IndexError, TypeError):
        return None
    return raw


# --- what only several keys show together ---------------------------------------------------------------------------


def relation_problems(file: str, raw: Raw, stop_timeout_s: float, deadline_s: float) -> list[ConfigProblem]:
    """Return what is wrong between keys. The two numbers are the defaults of `schedule.stop_timeout_s` and
    `national.deadline_s`."""
    found: list[tuple[str, str]] = []
    encryption = _at(raw, ("store", "encryption"))
    if encryption in (None, "sqlcipher") and isinstance(raw.get("store"), dict) and not _at(raw, ("store", "key")):
        found.append(("store.key", "a reference to 64 hex digits, while encryption is sqlcipher"))
    stop = _number(raw, ("schedule", "stop_timeout_s"), stop_timeout_s)
    deadline = _number(raw, ("national", "deadline_s"), deadline_s)
    if stop is not None and deadline is not None and stop <= deadline:
        found.append(
            (
                "schedule.stop_timeout_s",
                f"longer than national.deadline_s ({deadline:g}), so that a stop loses no answer",
            )
        )
    found += _national_relations(_at(raw, ("national",)) or {})
    if _at(raw, ("audit", "places")) and not _at(raw, ("audit", "key")):
        found.append(("audit.key", "a reference to the key that signs what is kept in audit.places"))
    if _at(raw, ("collect", "gone")) == "withdraw" and not str(_at(raw, ("collect", "gone_reason")) or "").strip():
        found.append(("collect.gone_reason", "the legal ground on which gone records are withdrawn"))
    blocks = raw.get("agency")
    agencies = [block if isinstance(block, dict) else {} for block in blocks] if isinstance(blocks, list) else []
    found += _codes_of_agencies(raw, agencies)
    missing: list[str] = []
    for index, agency in enumerate(agencies):
        found += _agency_relations(index, agency, agencies[:index])
        missing += _missing_sources(index, agency)
    return [
        *(ConfigProblem("E-CFG-MISSING", file=file, key=key, found="", expected="") for key in missing),
        *(ConfigProblem("E-CFG-VALUE", file=file, key=key, found="", expected=expected) for key, expected in found),
    ]


_OWN_HEADERS = frozenset({"authorization", "content-type", "content-length", "host"})


def _national_relations(national: Any) -> list[tuple[str, str]]:
    found = []
    if _at(national, ("client_key",)) is not None and _at(national, ("client_certificate",)) is None:
        found.append(("national.client_certificate", "the certificate that client_key belongs to"))
    header, token = (_at(national, ("ttcp2018", name)) for name in ("extra_token_header", "extra_token"))
    if (header is None) != (token is None):
        missing = "extra_token" if token is None else "extra_token_header"
        found.append((f"national.ttcp2018.{missing}", "both extra_token_header and extra_token, or neither"))
    headers = _at(national, ("ttcp2018", "headers"))
    written = {str(name).lower() for name in headers} if isinstance(headers, dict) else set()
    if written & {*_OWN_HEADERS, str(header).lower()}:
        found.append(("national.ttcp2018.headers", "none that the program sets by itself"))
    return found


def _codes_of_agencies(raw: Raw, agencies: Sequence[Raw]) -> list[tuple[str, str]]:
    """The old interface knows agencies by its own codes, so that each of ours must be told."""
    if _at(raw, ("national", "profile")) != "ttcp2018":
        return []
    known = _at(raw, ("national", "ttcp2018", "agencies"))
    known = known if isinstance(known, dict) else {}
    codes = {agency["code"] for agency in agencies if isinstance(agency.get("code"), str)}
    if codes <= set(known):
        return []
    return [("national.ttcp2018.agencies", "the national code of each agency that is configured here")]


def _missing_sources(index: int, agency: Raw) -> list[str]:
    """An agency says its source and the mapping of it, unless it says several."""
    if "sources" in agency:
        return []
    return [f"agency.{index}.{key}" for key in ("mapping", "source") if key not in agency]


def _agency_relations(index: int, agency: Raw, before: Sequence[Raw]) -> list[tuple[str, str]]:
    found = []
    if agency.get("code") is not None and agency["code"] in [each.get("code") for each in before]:
        found.append((f"agency.{index}.code", "each code once"))
    if agency.get("denouncer_identity") == "send" and not str(agency.get("legal_basis", "")).strip():
        found.append((f"agency.{index}.legal_basis", "the law that allows a denouncer's identity to be sent"))
    if "sources" in agency and ("source" in agency or "mapping" in agency):
        found.append((f"agency.{index}.sources", "one source (mapping and [agency.source]), or [[agency.sources]]"))
    elif agency.get("sources") == []:
        found.append((f"agency.{index}.sources", "at least 1 block"))
    return found


def _number(raw: Raw, place: Place, default: float) -> float | None:
    value = _at(raw, place)
    if value is None:
        return default
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
