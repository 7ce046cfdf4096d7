"""Plausible lives of many records: the rows that each leaves in the ledger, and the log entries that tell of them.

Of a hundred records some 92 are received, 2 wait to be sent (a third of those for their parent), 1 is refused, 1 has
faulty data, the rest is not sent or unknown; one in twelve has a newer version, and every key ends as its last entry
says. Times rise with the number of the record; the newest are of the last day.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from connector.core import chain
from connector.core.model import Kind
from connector.store.retired import ERASED
from connector.store.retiring import AFTER_ACCEPTANCE

SPREAD = timedelta(days=400)
BODY_STAYS = timedelta(days=30)
"""After that the text of a received version is erased."""

WAITING_SHARE = 0.022
"""The newest of all records: the share that has not been sent yet."""

KIND_SHARES = {
    Kind.RECEPTION: 20,
    Kind.PETITION: 36,
    Kind.HANDLING: 34,
    Kind.ACCEPTANCE: 4,
    Kind.DECISION: 4,
    Kind.ENFORCEMENT: 2,
}
PARENT_KINDS = {
    Kind.HANDLING: Kind.PETITION,
    Kind.ACCEPTANCE: Kind.PETITION,
    Kind.DECISION: Kind.ACCEPTANCE,
    Kind.ENFORCEMENT: Kind.DECISION,
}
TABLES = {
    Kind.RECEPTION: "tiep",
    Kind.PETITION: "don",
    Kind.HANDLING: "xuly",
    Kind.ACCEPTANCE: "thuly",
    Kind.DECISION: "qd",
    Kind.ENFORCEMENT: "thihanh",
}
ENDS = (("rejected", 0.0105), ("quarantined", 0.0105), ("not_sent", 0.0052), ("unknown", 0.0021))
"""How often a record ends otherwise than received. The first part of the year has a share of each."""

NEWER_SHARE, MIRRORED_SHARE, RETURNED_SHARE, CONCEALED_SHARE, BODY_SHARE = 0.08, 0.6, 0.005, 0.15, 0.1
GOOD = ("received", "validated", "forwarded_to_agency", "accepted_for_settlement", "settled", "closed")
RULES = (("E-MAP-CODE", "don_thu.linh_vuc", "/field"), ("E-MAP-DATE", "don_thu.ngay_nhan", "/received_on"))
REFUSALS = ("decided_without_issuer", "unknown_unit", "missing_field")


@dataclass(slots=True)
class Told:
    """One log entry to be: when, what, of which version, with which facts."""

    at: datetime
    event: str
    version: int
    facts: dict[str, Any]


@dataclass(slots=True)
class Life:
    """What one record leaves behind: rows by table, as dictionaries of columns, and entries in the order of time."""

    kind: Kind
    local_id: str
    record: dict[str, Any] = field(default_factory=dict)
    deliveries: list[dict[str, Any]] = field(default_factory=list)
    retired: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    """Rows about texts that were erased after their time, each with the version it is of."""
    status: dict[str, Any] | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)


def instant(at: datetime) -> str:
    """Return a time as the store keeps it."""
    return at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


class Lives:
    """The lives of one agency's records, drawn from one seed. `sweep` is the sweep of each kind that saw them all."""

    def __init__(self, agency: str, seed: int, evidence: bytes, until: datetime, sweeps: dict[Kind, int]) -> None:
        self.agency = agency
        self.evidence = evidence
        self.until = until
        self.sweeps = sweeps
        self.counts = dict.fromkeys(Kind, 0)
        self._draw = random.Random(f"{seed}/{agency}")  # noqa: S311  figures of a benchmark, no secret
        self._received: dict[Kind, list[str]] = {kind: [] for kind in Kind}
        self._held: dict[Kind, list[str]] = {kind: [] for kind in Kind}

    def of(self, records: int, entries: int) -> Iterator[Life]:
        """Yield so many lives, oldest first, which together make about so many entries."""
        made = 0
        kinds, weights = list(KIND_SHARES), list(KIND_SHARES.values())
        for number in range(records):
            kind = self._draw.choices(kinds, weights)[0] if number >= len(kinds) else kinds[number]
            waits = number >= records * (1 - WAITING_SHARE)
            wanted = (entries - made) / (records - number)
            life = self._life(kind, self._begin(number, records), waits=waits, entries=wanted)
            made += len(life.told)
            yield life

    def _begin(self, number: int, records: int) -> datetime:
        """Five in six records are of working days; the newest of all are of the last day."""
        at = self.until - SPREAD * (1 - number / records) - timedelta(seconds=90)
        if at.weekday() >= 5 and self._draw.random() < 0.8:  # noqa: PLR2004  Saturday, Sunday
            at -= timedelta(days=at.weekday() - 4)
        return at

    def _life(self, kind: Kind, at: datetime, *, waits: bool, entries: float) -> Life:
        self.counts[kind] += 1
        life = Life(kind, f"{TABLES[kind]}:{self.counts[kind]:07d}")
        end = "pending" if waits and self._draw.random() < 0.9 else self._end()  # noqa: PLR2004
        parent = self._parent(kind, blocked=end == "pending" and self._draw.random() < 0.33)  # noqa: PLR2004
        concealed = self._draw.random() < CONCEALED_SHARE
        life.record = {
            "agency": self.agency,
            "kind": str(kind),
            "local_id": life.local_id,
            "version": 1,
            "row_fingerprint": self._hex(life.local_id),
            "mapping_digest": "m" * 64,
            "range_value": str(self.counts[kind]),
            "parent_kind": parent and parent[0],
            "parent_local_id": parent and parent[1],
            "seen_sweep": self.sweeps[kind] if self._draw.random() < 0.9995 else None,  # noqa: PLR2004
            "first_seen_at": instant(at),
        }
        self._live(life, at, end, concealed=concealed, retries=round(max(entries - 5.0, 0)))
        (self._received if life.record.get("receipt_version") else self._held)[kind].append(life.local_id)
        return life

    def _end(self) -> str:
        chance = self._draw.random()
        for name, share in ENDS:
            if chance < share:
                return name
            chance -= share
        return "delivered"

    def _parent(self, kind: Kind, *, blocked: bool) -> tuple[str, str] | None:
        above = PARENT_KINDS.get(kind)
        if above is None:
            return None
        known = (self._held[above] if blocked else self._received[above]) or self._received[above]
        return (str(above), known[-1 - int(self._draw.random() * min(len(known), 5_000))]) if known else None

    def _live(self, life: Life, at: datetime, end: str, *, concealed: bool, retries: int) -> None:
        renewed = at + timedelta(days=self._draw.uniform(0.1, 40))
        has_newer = self._draw.random() < NEWER_SHARE and renewed < self.until
        first = self._draw.choice(("delivered", "delivered", "rejected", "quarantined")) if has_newer else end
        at = self._version(life, 1, at, first, concealed=concealed, retries=0 if has_newer else retries)
        if has_newer:
            at = max(renewed, at)
            self._supersede(life, at)
            at = self._version(life, 2, at, end, concealed=concealed or self._draw.random() < 0.02, retries=retries)  # noqa: PLR2004
        newest = life.deliveries[-1]
        life.record |= {"version": newest["version"], "digest": newest["digest"]}
        if life.record.get("receipt_version") and self._draw.random() < MIRRORED_SHARE:
            self._mirror(life, at)

    def _supersede(self, life: Life, at: datetime) -> None:
        older = life.deliveries[-1]
        if older["state"] in ("rejected", "quarantined", "pending"):
            facts = {"from": older["state"], "state": "superseded", "by_version": older["version"] + 1}
            life.told.append(Told(at, "delivery.superseded", older["version"], facts))
            older |= {"state": "superseded", "state_at": instant(at), "next_attempt_at": None}

    def _version(self, life: Life, version: int, at: datetime, end: str, *, concealed: bool, retries: int) -> datetime:
        """Add one version and what becomes of it; return when the last of that was."""
        body = None if end == "quarantined" else self._body(life, version)
        row: dict[str, Any] = {
            "agency": self.agency,
            "kind": str(life.kind),
            "local_id": life.local_id,
            "version": version,
            "operation": "put",
            "state": "pending",
            "state_at": instant(at),
            "created_at": instant(at),
            "digest": chain.digest(body) if body else None,
            "body": body,
            "body_bytes": len(body or b""),
            "concealed": int(concealed),
            "parent_kind": life.record["parent_kind"],
            "parent_local_id": life.record["parent_local_id"],
            "next_attempt_at": instant(at),
            "cause": None,
        }
        life.deliveries.append(row)
        facts: dict[str, Any] = {"state": "pending", "change": "progress"}
        if body:
            facts["commitment"] = chain.commitment(self.evidence, body)
        if end in ("quarantined", "not_sent"):
            self._hold_back(row, facts, end)
        life.told.append(Told(at, "record.recorded", version, facts))
        if end not in ("quarantined", "not_sent", "pending"):
            at = self._send(life, row, at, end, retries)
        if body and row["state"] == "delivered" and self._draw.random() > BODY_SHARE:
            self._erase(life, row, body, at + BODY_STAYS)
        return at

    def _erase(self, life: Life, row: dict[str, Any], body: bytes, at: datetime) -> None:
        """Let a text go once its time is over, if it is by now."""
        if at > self.until:
            return
        row["body"] = None
        commitment = chain.commitment(self.evidence, body)
        facts = {name: value for name, value in orjson.loads(body).items() if name != "content"}
        gone = {"agency": self.agency, "commitment": commitment, "erased_at": instant(at)}
        life.retired.append((row, {**gone, "facts": chain.canonical(facts)}))
        life.told.append(Told(at, ERASED, row["version"], {"rule": AFTER_ACCEPTANCE, "commitment": commitment}))

    def _hold_back(self, row: dict[str, Any], facts: dict[str, Any], end: str) -> None:
        cause = "mapping" if end == "quarantined" else "not_carried"
        row |= {"state": end, "cause": cause, "next_attempt_at": None}
        facts |= {"state": end, "cause": cause}
        if end == "quarantined":
            rule, column, pointer = self._draw.choice(RULES)
            problem = {"pointer": pointer, "rule": rule, "column": column, "detail": ""}
            row["problems"] = chain.canonical([problem]).decode()
            facts["rules"] = [rule]

    def _send(self, life: Life, row: dict[str, Any], at: datetime, end: str, retries: int) -> datetime:
        version, attempts = row["version"], retries // 2 + 1
        for attempt in range(1, attempts + 1):
            at += timedelta(seconds=60 if attempt == 1 else 600)
            life.told.append(Told(at, "delivery.claimed", version, {"state": "sending", "attempt": attempt}))
            at += timedelta(seconds=1)
            facts = self._answer(attempt, "retry", "pending", "busy", 503)
            if attempt == attempts:
                facts = self._settle(life, row, at, end, attempt)
            life.told.append(Told(at, "delivery.answered", version, facts))
        return at

    def _settle(self, life: Life, row: dict[str, Any], at: datetime, end: str, attempt: int) -> dict[str, Any]:
        row |= {"state": end, "state_at": instant(at), "attempt": attempt, "last_sent_at": instant(at)}
        row |= {"next_attempt_at": None, "rule": "receipt", "http_status": 201}
        if end == "delivered":
            row |= {"national_id": f"N{life.local_id}", "national_status": "received", "receipt_at": instant(at)}
            life.record |= {"receipt_generation": 1, "receipt_version": row["version"]}
            life.record |= {"national_id": row["national_id"], "received_at": instant(at)}
            return self._answer(attempt, "delivered", "delivered", "receipt", 201)
        if end == "rejected":
            rule = self._draw.choice(REFUSALS)
            problem = {"pointer": "/received_on", "rule": rule, "text": "Ngày không hợp lệ"}
            row |= {"rule": rule, "http_status": 422, "problems": chain.canonical([problem]).decode()}
            return self._answer(attempt, "rejected", "rejected", rule, 422)
        row |= {"rule": "timeout", "http_status": None, "next_attempt_at": instant(self.until)}
        facts = self._answer(attempt, "unknown", "unknown", "timeout", None)
        if self._draw.random() < 0.25:  # noqa: PLR2004  nobody but a person can settle these
            row |= {"cause": "conflict", "next_attempt_at": None}
            facts["cause"] = "conflict"
        return facts

    def _answer(self, attempt: int, verdict: str, state: str, rule: str, status: int | None) -> dict[str, Any]:
        return {
            "verdict": verdict,
            "rule": rule,
            "http_status": status,
            "elapsed_ms": self._draw.randrange(40, 900),
            "attempt": attempt,
            "answer": self._hex("answer"),
            "from": "sending",
            "state": state,
        }

    def _mirror(self, life: Life, at: datetime) -> None:
        last = self._draw.randrange(1, 4)
        returned = self._draw.random() < RETURNED_SHARE
        for sequence in range(1, last + 1):
            at += timedelta(hours=self._draw.uniform(1, 60))
            if at > self.until:
                return
            status = GOOD[sequence - 1]
            if returned and sequence == last:
                status = self._draw.choice(("returned_for_correction", "duplicate_suspected"))
            key = {"agency": self.agency, "kind": str(life.kind), "local_id": life.local_id}
            shown = {"sequence": sequence, "status": status, "occurred_at": instant(at), "applied_at": instant(at)}
            shown |= {"event_id": f"ev-{life.local_id}-{sequence}", "acting_agency": "H51"}
            life.events.append({**key, **shown})
            note = "Thiếu ngày ban hành" if status not in GOOD else ""
            life.status = {**key, **shown, "national_id": f"N{life.local_id}", "note": note, "closed_sequence": 0}
            facts = {"status": status, "sequence": sequence, "newest": True}
            life.told.append(Told(at, "status.applied", 0, facts))

    def _body(self, life: Life, version: int) -> bytes:
        said: dict[str, Any] = {
            "agency_code": self.agency,
            "local_id": life.local_id,
            "local_no": f"{self.counts[life.kind]}/2026",
            "received_on": life.record["first_seen_at"][:10],
            "content": f"Nội dung số {self.counts[life.kind]}, bản {version}. " + "Đất đai, bồi thường. " * 30,
        }
        if life.record["parent_kind"]:
            said[f"{life.record['parent_kind']}_ref"] = life.record["parent_local_id"]
        return chain.canonical(said)

    def _hex(self, text: str) -> str:
        return chain.digest(f"{text}/{self._draw.random()}".encode())
