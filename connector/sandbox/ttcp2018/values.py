"""The values that the parts of this national side hand each other. May import: the standard library."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import NamedTuple


class Created(NamedTuple):
    """One record of which objects were made: more than one is the very mistake that a connector exists to avoid."""

    agency: str
    kind: str
    record: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request is about: faults strike it, and objects are counted, by agency, kind and record."""

    operation: str
    agency: str = ""
    kind: str = ""
    record: str = ""


@dataclass(frozen=True, slots=True)
class Petitioner:
    """One person (or "Đơn nặc danh") of a case."""

    name: str
    number: str = ""
    province: str = ""
    district: str = ""
    commune: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One case. `contents`: of each paper, the first one first; `petitioners`: of the first. entered_by: api, web."""

    id: str
    agency: str
    entered_by: str
    contents: tuple[str, ...]
    petitioners: tuple[Petitioner, ...]
    types: tuple[str, ...]

    @property
    def content(self) -> str:
        """The content of the first paper."""
        return self.contents[0]


@dataclass(frozen=True, slots=True)
class Step:
    """One handling, acceptance, decision or enforcement; `decision_id` of an enforcement only."""

    id: str
    kind: str
    case_id: str
    decision_id: str


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    """One refusal inside 200, with its words. Refusals by the bus are in the request log alone."""

    operation: str
    agency: str
    kind: str
    record: str
    message: str


def record_of(*shown: str) -> str:
    """Return how a request's record is named: of a petition `record_of(NoiDungDon)`.

    Of any other `record_of(case Id, operation, SHA-256 hex of the body as it was sent)`."""
    return hashlib.sha256("\x1f".join(shown).encode()).hexdigest()[:32]
