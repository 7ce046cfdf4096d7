"""What the tests of `ttcp2018` share: the golden documents, deliveries of them, and the style of the payloads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from connector import resources
from connector.core.chain import canonical, digest
from connector.core.model import Delivery, Kind, Operation, RecordKey, Refs
from connector.national.ttcp2018_codes import compile_codes
from connector.national.ttcp2018_payload import OPERATIONS, Style

AGENCY = "H51.01"
AGENCIES = {AGENCY: "H811.01", "H51.12": "H811.12"}
GOLDEN = Path(__file__).parent / "golden" / "ttcp2018"
CARRIED = tuple(OPERATIONS)
REFS = Refs(case="case-1", decision="decision-1", own="")


def style(**changes: Any) -> Style:
    return Style(compile_codes(resources.ttcp2018_code_documents(), AGENCIES), **changes)


def golden(kind: Kind, which: str = "canonical") -> dict[str, Any]:
    return orjson.loads((GOLDEN / f"{kind}.{which}.json").read_bytes())


def delivery(kind: Kind, body: dict[str, Any] | None = None, refs: Refs = REFS, **changes: Any) -> Delivery:
    """A delivery of the golden document, with some fields changed; None takes a field away."""
    whole = {name: value for name, value in ({**golden(kind), **(body or {})}).items() if value is not None}
    encoded = canonical(whole)
    wanted: dict[str, Any] = {
        "id": 41,
        "key": RecordKey(AGENCY, kind, whole["local_id"]),
        "operation": Operation.PUT,
        "version": 3,
        "body": encoded,
        "digest": digest(encoded),
        "attempt": 1,
        "refs": refs,
    }
    return Delivery(**{**wanted, **changes})
