"""Who must stay unknown, and what therefore does not leave.

The identity of a denouncer is protected by law (Law 25/2018/QH14 art. 8.3, 47.2, 56.2), so concealing is the default
and sending the exception that names its legal basis. Whatever may turn out to be a denunciation is treated as one.
A field that the schema does not know is dropped: secrecy fails closed.
May import: errors, core.schema, core.model, the standard library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from connector.core.model import Body
from connector.core.schema import FieldInfo
from connector.errors import ConfigError

DENUNCIATION = "denunciation"
UNCLASSIFIED = "unclassified"
MULTIPLE_CONTENTS = "multiple_contents"
SECRECY_REQUESTED = "secrecy_requested"
PARENT_CONCEALED = "parent_concealed"

REDACTED_COPY = "redacted_copy"
"""The schema's word for a field that leaves with a denunciation only where the paper around it is a redacted copy."""

MASKED = "(đã che)"

_LONG_NUMBER = 9  # the old identity number; of a shorter one three digits would be too much
_BASIS_LENGTH = 500  # maxLength of /concealed/basis
_EMPTY: tuple[object, ...] = (None, {}, [])

OPEN_TYPES = frozenset({"complaint", "recommendation_feedback"})
"""Types of petitions that are not, and hide no, denunciation."""

_DENUNCIATIONS_ACT = "khoản 3 Điều 8 Luật Tố cáo số 25/2018/QH14"

_BASIS = {
    DENUNCIATION: _DENUNCIATIONS_ACT,
    UNCLASSIFIED: _DENUNCIATIONS_ACT,
    MULTIPLE_CONTENTS: _DENUNCIATIONS_ACT,
    PARENT_CONCEALED: _DENUNCIATIONS_ACT,
    SECRECY_REQUESTED: "khoản 2 Điều 12 Nghị định số 154/2026/NĐ-CP",
}


VERSION = 3
"""Part of every stored fingerprint: raise it with the rules below, and every record is mapped and compared again."""


@dataclass(frozen=True, slots=True)
class SecrecyPolicy:
    """What an agency decided about denouncers. "send" without a legal basis is a ConfigError, not a default."""

    denouncer_identity: Literal["conceal", "send"] = "conceal"
    legal_basis: str = ""

    def __post_init__(self) -> None:
        if self.denouncer_identity == "send" and not self.legal_basis.strip():
            raise ConfigError("E-CFG-SECRECY-BASIS")


def treat_as_denunciation(petition_type: str | None, parts: Sequence[Body]) -> str | None:
    """Return why a record must be treated as a denunciation, as a code of `concealment-reason`, or None.

    `petition_type` is that of the petition on which the record hangs. Several contents are open only if every part
    has a known type and none is a denunciation. A complaint with one part called a denunciation is not open."""
    types = [part.get("type") for part in parts]
    if petition_type == DENUNCIATION:
        return DENUNCIATION
    if petition_type == MULTIPLE_CONTENTS:
        return None if types and OPEN_TYPES.issuperset(types) else MULTIPLE_CONTENTS
    if petition_type not in OPEN_TYPES:
        return UNCLASSIFIED
    return MULTIPLE_CONTENTS if DENUNCIATION in types else None


def reason_to_conceal(petition_type: str | None, body: Body) -> str | None:
    """Return why this document must be concealed, or None: it may be a denunciation, or secrecy was asked for.

    The document itself must not say "denunciation" in clear because two rules of a mapping read two columns: so what it
    says of its own type, instance and kind counts as much as the petition's type."""
    parts = body.get("parts", ())
    said = [body[name] for name in ("type", "matter_type") if name in body]
    for type_ in (petition_type, *said):
        if reason := treat_as_denunciation(type_, parts):
            return reason
    if _says_denunciation(body) or any(_says_denunciation(part) for part in parts):
        return DENUNCIATION
    return SECRECY_REQUESTED if body.get("secrecy_requested") else None


def _says_denunciation(body: Body) -> bool:
    """Codes of `instance` and `decision-kind`, and the field, that only denunciations have."""
    instance, kind = str(body.get("instance", "")), str(body.get("kind", ""))
    return instance.startswith("denunciation_") or kind.startswith("tc_") or "continued" in body


def conceal(
    body: Body,
    fields: Mapping[str, FieldInfo],
    reason: str,
    policy: SecrecyPolicy,
    clear: Mapping[str, str],
) -> Body:
    """Return the document as it may leave; `body` itself is not changed.

    Dropped: all fields of class C2 and C3 and those that must not leave with a denunciation, with the containers
    that they leave empty. Kept of these: what is at or below a pattern in `clear` (pattern -> legal basis), of a paper
    that says `redacted` its content (hash, size, type; Law 25/2018/QH14 art. 56.2), and, where the policy sends
    identities, the own fields of persons who are named, unless secrecy was or may have been asked for. Every other
    person loses all tokens but stays countable, as concealed: a named person is never made an anonymous one."""
    # Why the parent is concealed is not known here: perhaps because somebody asked for secrecy.
    asked_for = reason in {SECRECY_REQUESTED, PARENT_CONCEALED} or body.get("secrecy_requested")
    sends = policy.denouncer_identity == "send" and not asked_for
    bases = [_BASIS[reason], *sorted(set(clear.values())), *([policy.legal_basis] if sends else [])]
    kept = _Concealing(fields, tuple(clear), sends).object("", body, identity=False)
    return {**kept, "concealed": {"reason": reason, "basis": "; ".join(bases)[:_BASIS_LENGTH]}}


def open_part(body: Body, fields: Mapping[str, FieldInfo]) -> Body:
    """Return what of a document is class C1: it stays when the rest is erased. A field that is not known does not."""
    return _open_object("", body, fields)


def _open_object(pattern: str, value: Mapping[str, Any], fields: Mapping[str, FieldInfo]) -> Body:
    found = {name: _open_value(f"{pattern}/{name}", below, fields) for name, below in value.items()}
    return {name: below for name, below in found.items() if below not in _EMPTY}


def _open_value(pattern: str, value: Any, fields: Mapping[str, FieldInfo]) -> Any:
    if isinstance(value, Mapping):
        return _open_object(pattern, value, fields)
    if isinstance(value, list):
        items = [_open_value(f"{pattern}/*", item, fields) for item in value]
        return [item for item in items if item not in _EMPTY]
    info = fields.get(pattern)
    return value if info is not None and info.confidentiality == "C1" else None


def mask(value: str, confidentiality: str) -> str:
    """Return what a screen may show of a value. Never for logs: those get no value at all.

    C1: the value. C2: of a number long enough (an id, a telephone) its last three digits, of anything else nothing.
    C3: not even that there was one."""
    if confidentiality == "C1":
        return value
    if confidentiality != "C2":
        return ""
    if len(value) >= _LONG_NUMBER and value.isascii() and value.isdecimal():
        return f"{MASKED} ...{value[-3:]}"
    return MASKED


@dataclass(frozen=True, slots=True)
class _Concealing:
    """One walk over a document: which fields stay. `identity` is true below a person whose identity is sent."""

    fields: Mapping[str, FieldInfo]
    clear: tuple[str, ...]
    sends: bool

    def object(self, pattern: str, value: Mapping[str, Any], *, identity: bool) -> Body:
        is_person = f"{pattern}/disclosure" in self.fields
        identity = identity or (is_person and self.sends and value.get("disclosure") == "named")
        redacted = value.get("redacted") is True and "sha256" in value  # without its content there is nothing to send
        kept: Body = {}
        for name, below in value.items():
            found = self._value(f"{pattern}/{name}", below, identity=identity, redacted=redacted)
            if found not in _EMPTY:
                kept[name] = found
        if is_person and not identity and "full_name" not in kept and kept.get("disclosure", "named") == "named":
            kept["disclosure"] = "concealed"
        return kept

    def _value(self, pattern: str, value: Any, *, identity: bool, redacted: bool = False) -> Any:
        if isinstance(value, Mapping):
            return self.object(pattern, value, identity=identity)
        if isinstance(value, list):
            items = [self._value(f"{pattern}/*", item, identity=identity) for item in value]
            return [item for item in items if item not in _EMPTY]
        return value if self._stays(pattern, identity=identity, redacted=redacted) else None

    def _stays(self, pattern: str, *, identity: bool, redacted: bool) -> bool:
        info = self.fields.get(pattern)
        if info is None:
            return False
        if any(pattern == known or pattern.startswith(f"{known}/") for known in self.clear):
            return True
        if info.in_denunciation == REDACTED_COPY:
            return redacted
        return info.in_denunciation is None and (
            info.confidentiality == "C1" or (identity and info.confidentiality == "C2")
        )
