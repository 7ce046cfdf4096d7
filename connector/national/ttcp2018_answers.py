"""What an answer of `ttcp2018` says, read out of its layers; nothing is judged here.

The body is JSON, or a JSON string that contains JSON: it is decoded once or twice and never more. Its content type is
not believed, for old servers call everything `text/html`; a page is not JSON, whatever it is called. Some buses wrap
the answer (`{"data": [...]}`) and say in a field of their own whether it succeeded.
Pure. May import: core.model, base, replies, orjson.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from connector.core.model import Candidate
from connector.national.base import Answer, Reply
from connector.national.replies import MAX_PROBLEM_TEXT, name

MAX_CANDIDATES = 50
_MAX_CONTENT = 20_000


@dataclass(frozen=True, slots=True)
class Layers:
    """How a bus wraps the answers, and the requests in the same way."""

    envelope: bool = False
    success_field: str = ""  # "": the bus says nothing of its own
    success_values: frozenset[str] = frozenset({"0"})


@dataclass(frozen=True, slots=True)
class Said:
    """One decoded answer. `value` is what lies inside the envelope; None: it cannot be read. `succeeded`: what the bus
    says of itself, None where it says nothing although it should."""

    value: Any = field(repr=False)
    succeeded: bool | None = True

    @property
    def given_id(self) -> str | None:
        """The id that an update answers with, "" for a refusal; None where there is none of it."""
        given = name(self.value.get("Id")) if isinstance(self.value, Mapping) else None
        return given if given is None or given == given.strip() else None

    @property
    def message(self) -> str:
        """The free text beside the id: class C2."""
        text = self.value.get("Message") if isinstance(self.value, Mapping) else ""
        return text[:MAX_PROBLEM_TEXT] if isinstance(text, str) else ""


def decoded(reply: Reply) -> Any:
    """Return the JSON value of an answer, decoded once or twice; None for no answer and for anything else."""
    if not isinstance(reply, Answer):
        return None
    try:
        value = orjson.loads(reply.body)
        if isinstance(value, str):
            value = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    return None if isinstance(value, str) else value


def read(reply: Reply, layers: Layers) -> Said:
    """Return what an answer says, out of its envelope."""
    value = decoded(reply)
    succeeded = _succeeded(value, layers)
    if layers.envelope:
        value = value.get("data") if isinstance(value, Mapping) else None
    return Said(value, succeeded)


def record(reply: Reply, layers: Layers) -> Said:
    """As `read`, for an answer about one record: an envelope of one holds it."""
    said = read(reply, layers)
    if layers.envelope and isinstance(said.value, list):
        return Said(said.value[0] if len(said.value) == 1 else None, said.succeeded)
    return said


def wrapped(payload: Mapping[str, Any], layers: Layers) -> bytes:
    """Return the bytes of a request, in the envelope where there is one."""
    return orjson.dumps({"data": [payload]} if layers.envelope else payload)


def token_document(reply: Reply, layers: Layers) -> dict[str, Any] | None:
    """Return the object with `access_token`, wherever the bus put it."""
    for document in (record(reply, layers).value, decoded(reply)):
        if isinstance(document, dict) and "access_token" in document:
            return document
    return None


def candidates(said: Said) -> tuple[Candidate, ...] | None:
    """Return the cases of a search, each id once; None unless every one of them can be read.

    An entry that cannot be read could be ours, so a list with one says nothing about absence."""
    if said.succeeded is not True or not isinstance(said.value, list):
        return None
    found = {}
    for entry in said.value:
        identifier = name(entry.get("Id")) if isinstance(entry, Mapping) else None
        if not identifier:
            return None
        found[identifier] = Candidate(
            national_id=identifier,
            person=_text(entry, "ChuDon"),
            address=_text(entry, "DiaChi"),
            identity_no=_text(entry, "CMTND"),
            content=_text(entry, "NoiDung"),
        )
    return tuple(found.values())


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    return value[:_MAX_CONTENT] if isinstance(value, str) else ""


def _succeeded(value: Any, layers: Layers) -> bool | None:
    """A number and its text are the same code here: `0` and `"0"` were both seen. A truth value is no code."""
    if not layers.success_field:
        return True
    code = value.get(layers.success_field) if isinstance(value, Mapping) else None
    if isinstance(code, bool) or not isinstance(code, int | str):
        return None
    return str(code) in layers.success_values
