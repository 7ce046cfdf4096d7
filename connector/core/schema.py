"""What a canonical document must look like, and what each of its fields is called, how secret it is, and why it exists.

The schema files are data: this module is given their parsed JSON and never opens a file. A schema that cannot be
compiled is a ConfigError; a document that breaks one is answered with causes, which never hold a value of it.
May import: errors, jsonschema_rs, the standard library.

Nouns: *pointer* = RFC 6901 path into a document; *pattern* = a pointer whose array indexes are written `*`;
*cause* = (pointer, rule id, detail), one line per thing that somebody has to repair.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, cast

import jsonschema_rs

from connector.core.model import Body
from connector.errors import ConfigError

Cause = tuple[str, str, str]
FieldType = Literal["string", "integer", "boolean", "object", "array"]

# One broken field can break several keywords at once (a number where a code belongs breaks `type` and `enum`).
# Of the causes at one pointer only the first in this order is told: repairing it is repairing the field.
RULES = (
    "E-DOC-TYPE",
    "E-DOC-REQUIRED",
    "E-DOC-SCHEME",
    "E-DOC-PARENT",
    "E-DOC-CONTENT",
    "E-DOC-CODE",
    "E-DOC-FORMAT",
    "E-DOC-RANGE",
    "E-DOC-LENGTH",
    "E-DOC-EXTRA",
    "E-DOC-OTHER",
)

_LIMITS = {
    "maxLength": "E-DOC-LENGTH",
    "minLength": "E-DOC-LENGTH",
    "maxItems": "E-DOC-LENGTH",
    "minItems": "E-DOC-LENGTH",
    "maximum": "E-DOC-RANGE",
    "minimum": "E-DOC-RANGE",
}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """One place of a document, container or leaf, as its schema describes it.

    `confidentiality` is C1..C3 and already counts the containers around it: a C1 number inside a C3 list is C3.
    `in_denunciation` is "conceal" where the field, or a container around it, must not leave with a denunciation, and
    "redacted_copy" where it may only beside `redacted: true`.
    `required` is meant within its own container. Items of an array carry the words of their array."""

    pointer: str
    type: FieldType
    format: str | None
    enum: tuple[str, ...]
    codes: str | None
    confidentiality: str
    in_denunciation: str | None
    title_vi: str
    title_en: str
    source: str
    required: bool


class Schemas:
    """The canonical schemas, compiled once. Safe to share between threads."""

    def __init__(
        self,
        documents: Mapping[str, Any],
        validators: Mapping[str, jsonschema_rs.Validator],
        fields: Mapping[str, Mapping[str, FieldInfo]],
    ) -> None:
        self.documents = documents
        self._validators = validators
        self._fields = fields

    @classmethod
    def compile(cls, documents: Mapping[str, Any]) -> Schemas:
        """Compile parsed schema files, by their names: common, petition and the others.

        A file that is no valid 2020-12 schema, refers to something that is not among them, or describes a field
        without its class raises ConfigError: nothing is ever fetched."""
        by_id = {document["$id"]: document for document in documents.values()}
        validators: dict[str, jsonschema_rs.Validator] = {}
        fields: dict[str, Mapping[str, FieldInfo]] = {}
        for name, document in documents.items():
            try:
                validators[name] = jsonschema_rs.Draft202012Validator(
                    document,
                    retriever=by_id.__getitem__,  # without one, an unknown $ref would be fetched over the network
                    validate_formats=True,
                    mask="***",
                )
                fields[name] = MappingProxyType({f.pointer: f for f in _walk(document, by_id)})
            except (ValueError, KeyError) as error:
                raise ConfigError("E-CFG-SCHEMA", file=name, error=type(error).__name__) from error
        return cls(MappingProxyType(dict(documents)), validators, fields)

    def check(self, kind: str, body: Body) -> tuple[Cause, ...]:
        """Return what is wrong with the document, in the order of its pointers; empty if nothing.

        A missing property's pointer names the property. The detail is what would be right: a code list's name,
        `date`, `maxLength 500`. Names of properties that do not exist are shown only if they look like names."""
        validator = self._validators[kind]
        if validator.is_valid(body):
            return ()
        found: dict[str, Cause] = {}
        for error in validator.iter_errors(body):
            for cause in self._causes(kind, error):
                known = found.get(cause[0])
                if known is None or RULES.index(cause[1]) < RULES.index(known[1]):
                    found[cause[0]] = cause
        return tuple(found[pointer] for pointer in sorted(found))

    def fields(self, kind: str) -> Mapping[str, FieldInfo]:
        """Every container and leaf of the kind by pattern (`/petitioners/*/full_name`), in the schema's order."""
        return self._fields[kind]

    def _causes(self, kind: str, error: jsonschema_rs.ValidationError) -> Iterator[Cause]:
        at = "".join(f"/{part}" for part in error.instance_path)
        match error.kind:
            case jsonschema_rs.ValidationErrorKind.Required(property=name):
                yield f"{at}/{name}", _absent(name), ""
            case jsonschema_rs.ValidationErrorKind.AnyOf():
                yield _either(at, self.documents[kind])
            case jsonschema_rs.ValidationErrorKind.AdditionalProperties(unexpected=names):
                for name in names:
                    yield f"{at}/{name if _NAME.fullmatch(name) else '*'}", "E-DOC-EXTRA", ""
            case jsonschema_rs.ValidationErrorKind.Type(types=types):
                yield at, "E-DOC-TYPE", " or ".join(types)
            case jsonschema_rs.ValidationErrorKind.Enum(options=options):
                info = self._fields[kind].get(_pattern(error.instance_path))
                listed = info.codes if info else None
                yield at, "E-DOC-CODE", listed or ", ".join(str(option) for option in options)
            case jsonschema_rs.ValidationErrorKind.Format(format=name):
                yield at, "E-DOC-FORMAT", name
            case jsonschema_rs.ValidationErrorKind.Pattern(pattern=pattern):
                yield at, "E-DOC-FORMAT", f"pattern {pattern}"
            case other:
                limit = other.as_dict().get("limit", "")
                yield at, _LIMITS.get(other.name, "E-DOC-OTHER"), f"{other.name} {limit}".strip()


def pattern_of(pointer: str) -> str:
    """Return the pattern of a concrete pointer: `/petitioners/0/full_name` -> `/petitioners/*/full_name`.

    Right because no property of a canonical document is a number."""
    return "/".join("*" if part.isdecimal() else part for part in pointer.split("/"))


def _pattern(path: list[str | int]) -> str:
    return "".join("/*" if isinstance(part, int) else f"/{part}" for part in path)


def _absent(name: str) -> str:
    """The rule that a missing property breaks. `scheme` is one everywhere: codes of units mean nothing without it."""
    if name == "scheme":
        return "E-DOC-SCHEME"
    return "E-DOC-PARENT" if name.endswith("_ref") else "E-DOC-REQUIRED"


def _either(at: str, document: Mapping[str, Any]) -> Cause:
    """The one cause behind a kind's `anyOf`: of its alternatives, each a list of required names, none is there."""
    names = [name for option in document["anyOf"] for name in option["required"]]
    rule = "E-DOC-CONTENT" if "content" in names else "E-DOC-PARENT"
    return f"{at}/{names[0]}", rule, " or ".join(names)


@dataclass(frozen=True, slots=True)
class _Place:
    """What a field inherits from the containers around it."""

    pointer: str
    words: Mapping[str, Any]
    title: str
    confidentiality: str
    in_denunciation: str | None
    required: bool


def _walk(document: Mapping[str, Any], by_id: Mapping[str, Any]) -> Iterator[FieldInfo]:
    root = _Place("", {}, "", "C1", None, required=True)
    yield from _children(document, root, document, by_id)


def _children(
    schema: Mapping[str, Any], place: _Place, document: Mapping[str, Any], by_id: Mapping[str, Any]
) -> Iterator[FieldInfo]:
    for name, found in schema.get("properties", {}).items():
        words = found["x-kntc"]
        inside = _Place(
            pointer=f"{place.pointer}/{name}",
            words=words,
            title=found["title"],
            confidentiality=max(place.confidentiality, words["class"]),
            in_denunciation=place.in_denunciation or words.get("in_denunciation"),
            required=name in schema.get("required", ()),
        )
        yield from _field(found, inside, document, by_id)
    if "items" in schema:
        item = _Place(
            f"{place.pointer}/*",
            place.words,
            place.title,
            place.confidentiality,
            place.in_denunciation,
            required=False,
        )
        yield from _field(schema["items"], item, document, by_id)


def _field(
    schema: Mapping[str, Any], place: _Place, document: Mapping[str, Any], by_id: Mapping[str, Any]
) -> Iterator[FieldInfo]:
    target, home = _resolve(schema, document, by_id)
    yield FieldInfo(
        pointer=place.pointer,
        type=cast("FieldType", target["type"]),
        format=target.get("format"),
        enum=tuple(target.get("enum", ())),
        codes=place.words.get("codes"),
        confidentiality=place.confidentiality,
        in_denunciation=place.in_denunciation,
        title_vi=place.title,
        title_en=place.words["title"],
        source=place.words["source"],
        required=place.required,
    )
    yield from _children(target, place, home, by_id)


def _resolve(
    schema: Mapping[str, Any], document: Mapping[str, Any], by_id: Mapping[str, Any]
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Follow `$ref` to the schema it names and the document that schema lives in (for the refs inside it).

    The shipped schemas only use `<$id>#/$defs/<name>`; anything else raises KeyError."""
    while "$ref" in schema:
        base, _, fragment = str(schema["$ref"]).partition("#/$defs/")
        document = by_id[base] if base else document
        schema = document["$defs"][fragment]
    return schema, document
