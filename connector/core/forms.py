"""The columns of the forms that the law asks for, and which canonical fields each needs: is a column computable?

    {"column": "14", "needs": ["decision/issued_on", ["decision/a", ["decision/b", "decision/c"]]]}

A *need* is a field as `kind/pointer`, or a list of ways to have it: any one of them, each a field or a list of fields
that are needed together. A column without needs is entered by hand: no record of ours says it.
May import: errors, model, schema, the standard library.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connector.core.model import KINDS
from connector.core.schema import Schemas
from connector.errors import ConfigError

Way = tuple[str, ...]

HAND, COMPUTABLE, NO_FIELD, EMPTY = "hand", "computable", "no_field", "empty"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its number in the form, its heading by language, and what it needs: of each need, the ways."""

    number: str
    title: Mapping[str, str]
    needs: tuple[tuple[Way, ...], ...]


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a circular or decree, with where it is laid down."""

    code: str
    title: Mapping[str, str]
    law: Mapping[str, str]
    source: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a column can be computed. how: by hand; computable; a field that no rule feeds; one that is never filled.

    lacking: the fields in question, of the way that lacks fewest."""

    how: str
    lacking: Way = ()


def compile_forms(documents: Mapping[str, Any], schemas: Schemas) -> tuple[Form, ...]:
    """Return all forms of the parsed files `schemas/forms/*.json`, in the order of their names.

    A file that is not of its form, or needs a field that no schema has, is a ConfigError."""
    known = {f"{kind}{pointer}" for kind in KINDS for pointer in schemas.fields(kind)}
    forms = []
    for name, document in sorted(documents.items()):
        try:
            found = [_form(document, form) for form in document["forms"]]
        except (KeyError, TypeError) as error:
            raise ConfigError("E-CFG-SCHEMA", file=f"forms/{name}", error=type(error).__name__) from error
        needed = {field for form in found for column in form.columns for field in _fields(column)}
        if unknown := sorted(needed - known):
            raise ConfigError("E-CFG-SCHEMA", file=f"forms/{name}", error=unknown[0])
        forms += found
    return tuple(forms)


def _form(document: Mapping[str, Any], form: Mapping[str, Any]) -> Form:
    columns = tuple(
        Column(one["column"], {"vi": one["vi"], "en": one["en"]}, tuple(map(_ways, one.get("needs", ()))))
        for one in form["columns"]
    )
    return Form(form["form"], {"vi": form["vi"], "en": form["en"]}, document["title"], document["source"], columns)


def _ways(need: Any) -> tuple[Way, ...]:
    if isinstance(need, str):
        return ((need,),)
    return tuple((way,) if isinstance(way, str) else tuple(way) for way in need)


def _fields(column: Column) -> Iterator[str]:
    for need in column.needs:
        for way in need:
            yield from way


def standing(column: Column, fed: Collection[str], filled: Collection[str]) -> Standing:
    """Return how a column stands. fed: the fields that a rule feeds, as `kind/pointer`; filled: those of them that are
    there in at least one document."""
    if not column.needs:
        return Standing(HAND)
    if lacking := _lacking(column.needs, fed):
        return Standing(NO_FIELD, lacking)
    usable = tuple(tuple(way for way in need if all(field in fed for field in way)) for need in column.needs)
    if lacking := _lacking(usable, filled):
        return Standing(EMPTY, lacking)
    return Standing(COMPUTABLE)


def _lacking(needs: Iterable[tuple[Way, ...]], there: Collection[str]) -> Way:
    """What is not there of each need, in the way that lacks fewest; of several alike, the first."""
    lacking: dict[str, None] = {}
    for need in needs:
        absent: list[Way] = [tuple(field for field in way if field not in there) for way in need]
        fewest = min(absent, key=len)
        lacking |= dict.fromkeys(fewest)
    return tuple(lacking)
