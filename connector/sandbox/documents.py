"""The national side's own check of a document against `schemas/canonical/`.

Independent of `core/schema.py` on purpose: the two judge the same files with different code, so that a mistake in
one shows as a refusal by the other. May import: the standard library, jsonschema_rs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from connector.core.model import KINDS
from connector.sandbox.wire import Refusal, error, problem

_MASK = "value"  # stands in messages where the refused value would be
_MAX_ERRORS = 50
_MAX_REASON = 1_000


class Documents:
    """The compiled schemas of the six kinds; `documents` maps file stems (common, petition, …) to JSON Schemas."""

    def __init__(self, documents: Mapping[str, Any]) -> None:
        registry = jsonschema_rs.Registry([(schema["$id"], schema) for schema in documents.values()])
        self._validators = {
            str(kind): jsonschema_rs.validator_for(
                documents[kind],
                registry=registry,
                validate_formats=True,
                mask=_MASK,
                offline=True,
            )
            for kind in KINDS
            if kind in documents
        }

    def accept(self, agency: str, kind: str, local_id: str, body: Any) -> None:
        """Refuse (422, every error with its pointer) a body that is no document of this kind, or of another key."""
        validator = self._validators[kind]
        if not validator.is_valid(body):
            errors = tuple(
                _describe(each) for each, _ in zip(validator.iter_errors(body), range(_MAX_ERRORS), strict=False)
            )
            raise Refusal(problem(422, "invalid", "the document does not match its schema", errors))
        named = {"agency_code": agency, "local_id": local_id}
        if strange := tuple(
            error(f"/{name}", "path", "differs from the path")
            for name, value in named.items()
            if body.get(name) != value
        ):
            raise Refusal(
                problem(
                    422,
                    "invalid",
                    "the document names another record than the path",
                    strange,
                )
            )


def accept_withdrawal(agency: str, kind: str, local_id: str, body: Any) -> None:
    """Refuse (422) a body that is no withdrawal of this record with a reason."""
    wanted = {"agency_code": agency, "kind": kind, "local_id": local_id}
    if not isinstance(body, dict):
        raise Refusal(problem(422, "invalid", errors=(error("", "type", "expected an object"),)))
    wrong = [error(f"/{name}", "path", "differs from the path") for name in wanted if body.get(name) != wanted[name]]
    reason = body.get("reason")
    if not isinstance(reason, str) or not 0 < len(reason.strip()) <= len(reason) <= _MAX_REASON:
        wrong.append(error("/reason", "reason", f"expected a text of 1 to {_MAX_REASON} characters"))
    if body.keys() - {*wanted, "reason"}:
        wrong.append(error("", "additionalProperties", "a property that a withdrawal does not have"))
    if wrong:
        raise Refusal(problem(422, "invalid", "the withdrawal does not hold together", tuple(wrong)))


def _describe(found: jsonschema_rs.ValidationError) -> dict[str, str]:
    path = [str(part).replace("~", "~0").replace("/", "~1") for part in found.instance_path]
    if isinstance(found.kind, jsonschema_rs.ValidationErrorKind.Required):
        path.append(found.kind.property)
    if isinstance(found.kind, jsonschema_rs.ValidationErrorKind.AdditionalProperties):
        return error(_pointer(path), found.kind.name, "a property that the schema does not know")
    return error(_pointer(path), found.kind.name, found.message)


def _pointer(path: list[str]) -> str:
    return "".join(f"/{part}" for part in path)
