"""The tables. Constraints stand here first, so that a row which contradicts `lifecycle.py` cannot exist.

SQLModel classes serve as definitions; statements are written in Core against `table_of(...)`, where the hot path is.
Instants are kept as UTC text of fixed width (`2026-11-22T05:48:22.000000Z`): sortable, and legible to an auditor.
May import: sqlmodel, sqlalchemy, core.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import JSON as SA_JSON
from sqlalchemy import BigInteger, CheckConstraint, Column, Dialect, Index, LargeBinary, Table, UniqueConstraint, text
from sqlalchemy.types import String, TypeDecorator
from sqlmodel import Field, SQLModel

from connector.core.model import Cause, Decision, Fate, Kind, Operation, State


@lru_cache(maxsize=64)
def _text_of(value: datetime) -> str:
    """Remembered: a transaction writes its own time into every row."""
    # Not strftime: it writes the year 1 as "1", and what has lost its width can be neither sorted nor read back.
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, as text. A naive one is a bug and is refused."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Write UTC with microseconds and Z."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("a naive datetime cannot be stored")
        return _text_of(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Read it back, aware."""
        return None if value is None else datetime.fromisoformat(value.rjust(27, "0"))


DECISIONS = ("keep", "withdraw", "ask")
"""What may be decided about a record that is gone from its source."""

# Said for SQLite alone: for an index that speaks of another database SQLAlchemy loads that one's dialects too.
_OPEN = text("closed_at IS NULL")
_STANDING = text("gone_at IS NULL")
_UNRELEASED = text("released_at IS NULL")
_IN_FORCE = text("until IS NULL")
_SEALED = text("sealed IS NOT NULL")
_HELD_BACK = text("state = 'quarantined'")
_HAS_ID = text("national_id IS NOT NULL")
_ACTIVE = text("state IN ('sending', 'unknown')")
NEWER = "version > 1"
"""Only a small part of all versions. A statement that asks for those says so in these words, to be served by it."""

LISTED = "version >= 1"
"""True of every version. Said by those statements alone that list or count: no other one's plan is moved by an index
that says it."""

IN_ORDER = (
    "received",
    "validated",
    "linked_to_matter",
    "forwarded_to_agency",
    "accepted_for_settlement",
    "deadline_extended",
    "settled",
    "enforced",
    "closed",
    "withdrawn",
)
"""National statuses that ask nothing of us, as of migration 0013: all that are known but `views.RETURNING`."""

ENDED = "status IN ('closed', 'withdrawn')"
"""National statuses after which hardly anything can come (`statuses.AFTER_THE_END`)."""

UNUSUAL = f"status NOT IN ({', '.join(repr(name) for name in IN_ORDER)})"


def _in(column: str, values: type[Kind | State | Operation | Cause | Decision | Fate]) -> str:
    return f"{column} IN ({', '.join(repr(str(value)) for value in values)})"


def _instant(*, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(Instant, nullable=nullable))


class StoreInfo(SQLModel, table=True):
    """One row: which store this is."""

    __tablename__ = "store_info"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)
    id: int = Field(default=1, primary_key=True)
    store_id: str
    created_at: datetime = _instant()
    program: str


class Term(SQLModel, table=True):
    """One row: the number of the newest run that may write. Each run takes the next one when it holds the stage lock,
    and an older run, however long it was stopped, writes nothing any more."""

    __tablename__ = "term"
    __table_args__ = (CheckConstraint("id = 1", name="one_term"),)
    id: int = Field(default=1, primary_key=True)
    number: int
    taken_at: datetime = _instant()


class Binding(SQLModel, table=True):
    """The target that an agency's ledger belongs to; another target starts another generation."""

    __tablename__ = "binding"
    agency: str = Field(primary_key=True)
    generation: int
    environment: str
    profile: str
    base_url: str
    bound_at: datetime = _instant()


class Record(SQLModel, table=True):
    """One key: what the source last showed, and what the national side last confirmed.

    `row_fingerprint` and `mapping_digest` are the pair that lets an unchanged row cost nothing more; NULL: re-map.
    `seen_sweep` is the newest sweep that read the key, `seen_before` the last finished one before it;
    `missed_sweep` the finished sweep that was the first not to find it, NULL as long as it is found.
    `identity` tells, keyed, by which facts the row is this record and not another one under its key.
    `receipt_*` is set by the first receipt of the generation and moves forward with each later one."""

    __tablename__ = "record"
    __table_args__ = (
        CheckConstraint(_in("kind", Kind), name="record_kind"),
        CheckConstraint("version >= 1", name="record_version"),
        CheckConstraint("(receipt_generation IS NULL) = (receipt_version IS NULL)", name="record_receipt_is_whole"),
        Index("ix_record_seen", "agency", "kind", "seen_sweep", "seen_before"),
        Index("ix_record_parent", "agency", "parent_kind", "parent_local_id"),
        Index("ix_record_national", "agency", "national_id", sqlite_where=_HAS_ID),
    )
    agency: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    local_id: str = Field(primary_key=True)
    version: int
    digest: str | None = None
    row_fingerprint: str | None = None
    mapping_digest: str | None = None
    range_value: str | None = None
    parent_kind: str | None = None
    parent_local_id: str | None = None
    seen_sweep: int | None = None
    seen_before: int | None = None
    missed_sweep: int | None = None
    identity: str | None = None
    first_seen_at: datetime = _instant()
    receipt_generation: int | None = None
    receipt_version: int | None = None
    national_id: str | None = None
    received_at: datetime | None = _instant(nullable=True)


class Delivery(SQLModel, table=True):
    """One version of one document on its way. The newest version of a key says where the key stands.

    `body_bytes` stays when the text is retired (RetiredBody). `absents` counts sightings of nothing, in a row.
    `candidates` are what a search showed and only a person can judge: class C2 and C3, gone with the state `unknown`.
    `decided*` is that person's word."""

    __tablename__ = "delivery"
    __table_args__ = (
        CheckConstraint(_in("kind", Kind), name="delivery_kind"),
        CheckConstraint(_in("operation", Operation), name="delivery_operation"),
        CheckConstraint(_in("state", State), name="delivery_state"),
        CheckConstraint(f"cause IS NULL OR {_in('cause', Cause)}", name="delivery_cause"),
        CheckConstraint("attempt >= 0 AND crashes >= 0 AND finds >= 0 AND absents >= 0", name="delivery_counts"),
        CheckConstraint(
            "state <> 'pending' OR (next_attempt_at IS NOT NULL AND body IS NOT NULL AND digest IS NOT NULL)",
            name="pending_has_body_and_time",
        ),
        CheckConstraint(
            "(state = 'sending') = (lease_owner IS NOT NULL) AND (state = 'sending') = (lease_until IS NOT NULL)",
            name="only_sending_is_leased",
        ),
        CheckConstraint("state <> 'sending' OR body IS NOT NULL", name="sending_has_body"),
        CheckConstraint(
            "state <> 'unknown' OR (digest IS NOT NULL AND (next_attempt_at IS NOT NULL OR cause IS NOT NULL))",
            name="unknown_is_looked_for_or_asked_of_a_person",
        ),
        CheckConstraint(
            "state <> 'delivered' OR (national_id IS NOT NULL AND receipt_at IS NOT NULL)",
            name="delivered_has_receipt",
        ),
        CheckConstraint("state <> 'rejected' OR rule IS NOT NULL", name="rejected_has_rule"),
        CheckConstraint("state NOT IN ('quarantined', 'not_sent') OR cause IS NOT NULL", name="held_back_has_cause"),
        CheckConstraint("candidates IS NULL OR state = 'unknown'", name="only_unknown_has_candidates"),
        CheckConstraint(f"decided IS NULL OR {_in('decided', Decision)}", name="delivery_decided"),
        CheckConstraint("(decided IS NULL) = (decided_by IS NULL)", name="decision_is_whole"),
        UniqueConstraint("agency", "kind", "local_id", "version", "operation", name="one_row_per_version"),
        Index(
            "ux_delivery_active",
            "agency",
            "kind",
            "local_id",
            unique=True,
            sqlite_where=_ACTIVE,
        ),
        Index("ix_delivery_due", "agency", "state", "next_attempt_at", "id", "attempt"),
        Index(
            "ix_delivery_listed",
            "agency",
            "kind",
            "state",
            "state_at",
            "id",
            "cause",
            "local_id",
            "version",
            sqlite_where=text(LISTED),
        ),
        Index(
            "ix_delivery_newer",
            "agency",
            "kind",
            "local_id",
            "version",
            "concealed",
            sqlite_where=text(NEWER),
        ),
        Index(
            "ix_delivery_quarantined",
            "agency",
            "kind",
            "cause",
            "problems",
            "state_at",
            "local_id",
            "version",
            sqlite_where=_HELD_BACK,
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    agency: str
    kind: str
    local_id: str
    version: int
    operation: str = Operation.PUT.value
    state: str
    cause: str | None = None
    state_at: datetime = _instant()
    created_at: datetime = _instant()
    digest: str | None = None
    body: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    body_bytes: int = 0
    concealed: bool = False
    parent_kind: str | None = None
    parent_local_id: str | None = None
    change_cause: str = "progress"
    change_reason: str = ""
    attempt: int = 0
    crashes: int = 0
    finds: int = 0
    absents: int = 0
    next_attempt_at: datetime | None = _instant(nullable=True)
    lease_owner: str | None = None
    lease_until: datetime | None = _instant(nullable=True)
    last_sent_at: datetime | None = _instant(nullable=True)
    rule: str | None = None
    http_status: int | None = None
    problems: Any = Field(default=None, sa_column=Column(SA_JSON(none_as_null=True), nullable=True))
    national_id: str | None = None
    national_status: str | None = None
    received_at: datetime | None = _instant(nullable=True)
    receipt_at: datetime | None = _instant(nullable=True)
    answer_digest: str | None = None
    acknowledged_by: str | None = None
    acknowledged_reason: str | None = None
    candidates: Any = Field(default=None, sa_column=Column(SA_JSON(none_as_null=True), nullable=True))
    decided: str | None = None
    decided_by: str | None = None
    decided_reason: str | None = None


class DayCount(SQLModel, table=True):
    """How many versions were recorded, received by the nation, and refused, on one calendar day of Vietnam.

    Kept by triggers (db.py), so that no way of writing a version can forget it. A version is received once, on the day
    of its first receipt; it may be refused more than once."""

    __tablename__ = "day_count"
    __table_args__ = (
        CheckConstraint("recorded >= 0 AND received >= 0 AND rejected >= 0", name="day_counts"),
        CheckConstraint("length(day) = 10", name="day_is_a_date"),
    )
    agency: str = Field(primary_key=True)
    day: str = Field(primary_key=True)
    recorded: int = 0
    received: int = 0
    rejected: int = 0


class ConcealedLater(SQLModel, table=True):
    """A record that has a version in clear and a later one that is concealed. Triggers keep it (concealment.py): once
    here, always here, whatever the nation has of it."""

    __tablename__ = "concealed_later"
    __table_args__ = ({"sqlite_with_rowid": False},)
    agency: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    local_id: str = Field(primary_key=True)


class Attachment(SQLModel, table=True):
    """A file that the newest version of a record names, and what became of it. `at`: its place among those of the row.

    Of one that goes, where it lies below the root and how it looked when it was hashed: so an unchanged file is not
    read again, and can be found when its content is sent. Of any other, nothing."""

    __tablename__ = "attachment"
    __table_args__ = (
        CheckConstraint(_in("kind", Kind), name="attachment_kind"),
        CheckConstraint(_in("fate", Fate), name="attachment_fate"),
        CheckConstraint('"at" >= 0 AND version >= 1', name="attachment_counts"),
        CheckConstraint("(fate = 'ready') = (sha256 IS NOT NULL)", name="ready_has_content"),
        CheckConstraint(
            "(sha256 IS NULL) = (path IS NULL) AND (sha256 IS NULL) = (size_bytes IS NULL)"
            " AND (sha256 IS NULL) = (modified_ns IS NULL) AND (sha256 IS NULL) = (media_type IS NULL)",
            name="content_is_whole",
        ),
        Index("ix_attachment_content", "agency", "sha256"),
    )
    agency: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    local_id: str = Field(primary_key=True)
    at: int = Field(primary_key=True)
    version: int
    fate: str
    path: str | None = None
    size_bytes: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    modified_ns: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    sha256: str | None = None
    media_type: str | None = None
    noted_at: datetime = _instant()


class SoughtWord(SQLModel, table=True):
    """A word under which a version in clear is found: of a name or of a paper's number (`core/seeking.py`).

    Triggers take them away with the text, with the clearness, and when a newer version takes the place."""

    __tablename__ = "sought_word"
    __table_args__ = (
        CheckConstraint("length(word) BETWEEN 1 AND 65", name="sought_word_is_bounded"),
        CheckConstraint("(item = 0) = (substr(word, 1, 1) = '#')", name="sought_number_is_marked"),
        Index("ix_sought_word", "agency", "word", "delivery_id", "item"),
        {"sqlite_with_rowid": False},
    )
    delivery_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    item: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    word: str = Field(primary_key=True)
    agency: str


CONTENT_STATES = ("sending", "waiting", "received", "refused")
"""Where the content of a file stands: on its way (or left there by a process that died), to be tried again, over."""


class Content(SQLModel, table=True):
    """The bytes of attachments, once per content and ledger generation, from the moment they are first sent."""

    __tablename__ = "content"
    __table_args__ = (
        CheckConstraint(f"state IN ({', '.join(repr(name) for name in CONTENT_STATES)})", name="content_state"),
        CheckConstraint("attempt >= 1", name="content_counts"),
        CheckConstraint("(state = 'waiting') = (next_attempt_at IS NOT NULL)", name="waiting_has_time"),
        CheckConstraint("state NOT IN ('waiting', 'refused') OR rule IS NOT NULL", name="untaken_has_rule"),
    )
    agency: str = Field(primary_key=True)
    generation: int = Field(primary_key=True)
    sha256: str = Field(primary_key=True)
    state: str
    state_at: datetime = _instant()
    attempt: int
    next_attempt_at: datetime | None = _instant(nullable=True)
    rule: str | None = None
    http_status: int | None = None


class AuditEntry(SQLModel, table=True):
    """The synchronisation log, a hash chain per agency. Triggers refuse UPDATE and DELETE."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        CheckConstraint("seq >= 1", name="audit_seq"),
        CheckConstraint("length(hash) = 64 AND length(prev) = 64", name="audit_hash"),
        Index("ix_audit_key", "agency", "kind", "local_id"),
        Index("ix_audit_event", "agency", "event", "kind", "at", "seq"),
    )
    agency: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    prev: str
    hash: str
    at: datetime = _instant()
    event: str
    kind: str | None = None
    local_id: str | None = None
    content: str


KEPT = ("config", "mapping")
"""What decisions are made with."""


class Kept(SQLModel, table=True):
    """The texts that decisions were made with, by the digest that entries name: compressed JSON, file name -> text."""

    __tablename__ = "kept"
    __table_args__ = (
        CheckConstraint(f"what IN ({', '.join(repr(name) for name in KEPT)})", name="kept_what"),
        CheckConstraint("length(digest) = 64", name="kept_digest"),
    )
    digest: str = Field(primary_key=True)
    what: str
    kept_at: datetime = _instant()
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class Receipt(SQLModel, table=True):
    """What the nation said when it settled a delivery, kept with the entry that names it by `sha256`.

    `facts`: the canonical text that is hashed, without a plain digest of any document; `echoed`: the digest of ours
    that it counts for; `answer`: the bytes of the answer, where they hold nothing personal."""

    __tablename__ = "receipt"
    __table_args__ = (
        CheckConstraint(_in("kind", Kind), name="receipt_kind"),
        CheckConstraint("length(sha256) = 64", name="receipt_hash"),
        Index("ix_receipt_key", "agency", "kind", "local_id"),
    )
    agency: str = Field(primary_key=True)
    sha256: str = Field(primary_key=True)
    kind: str
    local_id: str
    echoed: str
    facts: str
    answer: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))


class PrunedVersion(SQLModel, table=True):
    """What pruned audit entries told last of one version: they are gone, and what they said of the ledger must still be
    compared with it. The newest `audit.pruned` entry holds the digest of all of an agency's rows.

    `receipts`: the hashes of the receipts that they named, one after the other, 64 digits each."""

    __tablename__ = "pruned_version"
    __table_args__ = (
        CheckConstraint(_in("kind", Kind), name="pruned_version_kind"),
        CheckConstraint(_in("state", State), name="pruned_version_state"),
        CheckConstraint("length(receipts) % 64 = 0", name="pruned_version_receipts"),
    )
    agency: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    local_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    state: str
    receipts: str = ""


class CaseHold(SQLModel, table=True):
    """A person's order that nothing of a record's whole case is erased, until it is released."""

    __tablename__ = "case_hold"
    __table_args__ = (
        CheckConstraint(_in("kind", Kind), name="case_hold_kind"),
        CheckConstraint("(released_at IS NULL) = (released_by IS NULL)", name="release_is_whole"),
        Index(
            "ux_case_hold_now",
            "agency",
            "kind",
            "local_id",
            unique=True,
            sqlite_where=_UNRELEASED,
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    agency: str
    kind: str
    local_id: str
    by: str
    at: datetime = _instant()
    released_by: str | None = None
    released_at: datetime | None = _instant(nullable=True)


class RetiredBody(SQLModel, table=True):
    """The document of a version that is here in clear no more, because its time is over: sealed to the auditor's key,
    then erased, or erased at once. `commitment`: the keyed one to it, as in the log; `facts`: its fields of class C1,
    which stay.

    A row stands only for a version without its text, and goes when the text is put back (triggers of retired.py)."""

    __tablename__ = "retired_body"
    __table_args__ = (
        CheckConstraint("length(commitment) = 64", name="retired_commitment"),
        CheckConstraint("sealed_at IS NOT NULL OR erased_at IS NOT NULL", name="retired_is_sealed_or_erased"),
        CheckConstraint("(sealed_at IS NULL) = (key_id IS NULL)", name="sealed_has_key"),
        CheckConstraint(
            "(sealed IS NOT NULL) = (sealed_at IS NOT NULL AND erased_at IS NULL)", name="sealed_until_erased"
        ),
        Index("ix_retired_body_sealed", "agency", "delivery_id", sqlite_where=_SEALED),
    )
    delivery_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    agency: str
    commitment: str
    facts: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    sealed_at: datetime | None = _instant(nullable=True)
    key_id: str | None = None
    sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    erased_at: datetime | None = _instant(nullable=True)


class Reason(SQLModel, table=True):
    """The words in which a person gave a reason, beside the audit entry that holds only a commitment to them.

    `kind` and `local_id`: the record or the part of the agency that it is about ("" means all). Erased words leave
    the row, so that nobody takes it for one that was never written."""

    __tablename__ = "reason"
    __table_args__ = (
        CheckConstraint("(text IS NULL) = (erased_at IS NOT NULL)", name="reason_is_there_or_erased"),
        Index("ix_reason_about", "agency", "kind", "local_id", "seq"),
    )
    agency: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    kind: str = ""
    local_id: str = ""
    text: str | None = None
    erased_at: datetime | None = _instant(nullable=True)


class Mark(SQLModel, table=True):
    """Positions that must survive a restart: the pull cursor, the last success of a job."""

    __tablename__ = "mark"
    agency: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    value: str
    at: datetime = _instant()


class Sweep(SQLModel, table=True):
    """One full reading of one kind. Only a finished one says anything about what is gone."""

    __tablename__ = "sweep"
    __table_args__ = (
        CheckConstraint(_in("kind", Kind), name="sweep_kind"),
        Index("ix_sweep_kind", "agency", "kind", "finished_at"),
    )
    id: int | None = Field(default=None, primary_key=True)
    agency: str
    kind: str
    mapping_digest: str
    started_at: datetime = _instant()
    finished_at: datetime | None = _instant(nullable=True)
    universe: int = 0
    selected: int = 0
    refused_secret: int = 0
    unexplained: int = 0
    keyless: int = 0
    excluded: Any = Field(default_factory=dict, sa_column=Column(SA_JSON, nullable=False))


class Tombstone(SQLModel, table=True):
    """A record that two finished sweeps in a row did not find, and what is to be done about it nationally.

    decision: by the configuration, or by the person in `decided_by`; `ask` waits for one. Closed when the record is
    back."""

    __tablename__ = "tombstone"
    __table_args__ = (
        CheckConstraint(_in("kind", Kind), name="tombstone_kind"),
        CheckConstraint(f"decision IN ({', '.join(repr(name) for name in DECISIONS)})", name="tombstone_decision"),
        CheckConstraint("(decided_by IS NULL) = (decided_at IS NULL)", name="tombstone_decision_is_whole"),
        CheckConstraint("decision <> 'ask' OR decided_by IS NULL", name="tombstone_ask_is_undecided"),
        Index(
            "ux_tombstone_open",
            "agency",
            "kind",
            "local_id",
            unique=True,
            sqlite_where=_OPEN,
        ),
        Index(
            "ix_tombstone_listed",
            "agency",
            "gone_at",
            "id",
            "kind",
            "local_id",
            sqlite_where=_OPEN,
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    agency: str
    kind: str
    local_id: str
    sweep: int
    gone_at: datetime = _instant()
    decision: str
    decided_by: str | None = None
    decided_at: datetime | None = _instant(nullable=True)
    reason: str = ""
    closed_at: datetime | None = _instant(nullable=True)


class Unsettled(SQLModel, table=True):
    """A changed row of a source without snapshots, read once: it counts when it is read again and is the same.

    first_sweep: the sweep that first saw it, NULL if none has; last_sweep: the newest."""

    __tablename__ = "unsettled"
    __table_args__ = (CheckConstraint(_in("kind", Kind), name="unsettled_kind"),)
    agency: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    local_id: str = Field(primary_key=True)
    range_value: str
    fingerprint: str
    read_at: datetime = _instant()
    first_sweep: int | None = None
    last_sweep: int | None = None


class Channel(SQLModel, table=True):
    """How the way to the national side is, per agency and ledger generation: another target, or another profile,
    inherits nothing. All of it is stored, so that a restart forgets no hold and no window.

    `unknown_keys`: the different keys of the present run of unknowns, one per line. `ramp`: deliveries in the next
    batch after a hold, 0: as many as usual. `pace_*`: what was last said of the national rate limit; NULL: nothing.
    `credit`: hundredths of a repeated attempt that may still be made, as of `credit_at`. `turn`: whose share comes
    first in the next claim."""

    __tablename__ = "channel"
    __table_args__ = (
        CheckConstraint("ramp >= 0 AND turn >= 0", name="channel_counts"),
        CheckConstraint("(pace_remaining IS NULL) = (pace_limit IS NULL)", name="channel_pace_is_whole"),
    )
    agency: str = Field(primary_key=True)
    generation: int = Field(primary_key=True)
    held_until: datetime | None = _instant(nullable=True)
    held_since: datetime | None = _instant(nullable=True)
    rule: str | None = None
    holds: int = 0
    unknown_keys: str = ""
    ramp: int = 0
    pace_limit: int | None = None
    pace_remaining: int | None = None
    pace_until: datetime | None = _instant(nullable=True)
    credit: int = 0
    credit_at: datetime | None = _instant(nullable=True)
    turn: int = 0


class Asked(SQLModel, table=True):
    """A delivery that a person asked for: it is claimed from a share of its own until it is answered."""

    __tablename__ = "asked"
    delivery_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})


class Pause(SQLModel, table=True):
    """What a person has stopped: sending everything of an agency, one kind, or one key ("" means all); or, with
    `channel` in place of a kind, all traffic with the national side."""

    __tablename__ = "pause"
    agency: str = Field(primary_key=True)
    kind: str = Field(primary_key=True, default="")
    local_id: str = Field(primary_key=True, default="")
    by: str
    reason: str
    at: datetime = _instant()


class Guard(SQLModel, table=True):
    """A plausibility guard that tripped: the plan it stopped, its numbers, and who approved exactly that plan."""

    __tablename__ = "guard"
    __table_args__ = (CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approval_is_whole"),)
    plan: str = Field(primary_key=True)
    agency: str
    name: str
    numbers: Any = Field(sa_column=Column(SA_JSON, nullable=False))
    tripped_at: datetime = _instant()
    approved_by: str | None = None
    approved_at: datetime | None = _instant(nullable=True)
    reason: str | None = None


class ResyncItem(SQLModel, table=True):
    """One key that a person asked to be read and compared again. Done when `outcome` is set."""

    __tablename__ = "resync_item"
    __table_args__ = (
        CheckConstraint("(done_at IS NULL) = (outcome IS NULL)", name="resync_done_is_whole"),
        Index("ix_resync_open", "agency", "done_at"),
    )
    id: int | None = Field(default=None, primary_key=True)
    agency: str
    kind: str
    local_id: str
    by: str
    reason: str
    asked_at: datetime = _instant()
    done_at: datetime | None = _instant(nullable=True)
    outcome: str | None = None


class MirrorStatus(SQLModel, table=True):
    """The newest national status of a record, by its national sequence. No foreign key: the nation knows records
    that we do not. `event_id` "": known from the national list, which says neither when nor by whom."""

    __tablename__ = "mirror_status"
    __table_args__ = (
        Index(
            "ix_mirror_status_unusual",
            "agency",
            "applied_at",
            "kind",
            "local_id",
            sqlite_where=text(UNUSUAL),
        ),
    )
    agency: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    local_id: str = Field(primary_key=True)
    sequence: int
    event_id: str
    national_id: str
    status: str
    occurred_at: datetime | None = _instant(nullable=True)
    acting_agency: str = ""
    note: str = ""
    applied_at: datetime = _instant()
    closed_sequence: int = 0
    closed_by: str | None = None
    closed_reason: str | None = None


class MirrorEvent(SQLModel, table=True):
    """Every national event once, so that a repeated one changes nothing."""

    __tablename__ = "mirror_event"
    __table_args__ = (
        Index("ix_mirror_event_key", "agency", "kind", "local_id", "sequence"),
        Index(
            "ix_mirror_event_ended",
            "agency",
            "kind",
            "local_id",
            "sequence",
            "status",
            sqlite_where=text(ENDED),
        ),
    )
    agency: str = Field(primary_key=True)
    event_id: str = Field(primary_key=True)
    kind: str
    local_id: str
    sequence: int
    status: str
    occurred_at: datetime = _instant()
    acting_agency: str = ""
    applied_at: datetime = _instant()


class Reconciliation(SQLModel, table=True):
    """One comparison of an agency's ledger with the national side, and what a person approved of it.

    plan: names exactly the items that an approval carries out, "" where there are none. `lost_*`: the head that the
    store had before it went back in time, NULL if it did not. counts: per kind, how often each finding."""

    __tablename__ = "reconciliation"
    __table_args__ = (
        CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="reconcile_approval_is_whole"),
        CheckConstraint("(lost_seq IS NULL) = (lost_hash IS NULL)", name="lost_head_is_whole"),
        Index("ix_reconciliation_agency", "agency", "finished_at"),
    )
    id: int | None = Field(default=None, primary_key=True)
    agency: str
    by: str
    started_at: datetime = _instant()
    finished_at: datetime | None = _instant(nullable=True)
    listed: bool = True
    unreadable: int = 0
    counts: Any = Field(default_factory=dict, sa_column=Column(SA_JSON, nullable=False))
    plan: str = ""
    lost_seq: int | None = None
    lost_hash: str | None = None
    store_seq: int = 0
    approved_by: str | None = None
    approved_at: datetime | None = _instant(nullable=True)
    done_at: datetime | None = _instant(nullable=True)


class ReconcileItem(SQLModel, table=True):
    """One finding: what it was judged on, and, once the plan was approved, what came of it."""

    __tablename__ = "reconcile_item"
    __table_args__ = (
        CheckConstraint(_in("kind", Kind), name="reconcile_item_kind"),
        Index("ix_reconcile_item_run", "run", "fix", "outcome"),
        Index("ix_reconcile_item_key", "agency", "kind", "local_id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    run: int
    agency: str
    kind: str
    local_id: str
    finding: str
    how: str = ""
    fix: str
    version: int = 0
    state: str = ""
    national_id: str = ""
    national_version: int = 0
    national_digest: str = ""
    national_status: str = ""
    national_sequence: int = 0
    entered_by: str = ""
    outcome: str | None = None


class ManifestLine(SQLModel, table=True):
    """One line of the national manifest while a comparison reads it: any order there, key order here."""

    __tablename__ = "manifest_line"
    __table_args__ = (Index("ix_manifest_line_key", "run", "kind", "local_id"),)
    run: int = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    national_id: str = Field(primary_key=True)
    local_id: str
    version: int
    digest: str
    status: str
    sequence: int
    entered_by: str


class Verified(SQLModel, table=True):
    """Through which moment every record of a kind that the source showed is confirmed nationally, one by one."""

    __tablename__ = "verified"
    agency: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    through: datetime | None = _instant(nullable=True)
    at: datetime = _instant()


class CatalogueEntry(SQLModel, table=True):
    """One form of one national code: its words and days, from when and until when the national list had it so.

    A code that is renamed gets another row. `gone_at`: when a reading first showed it otherwise or not at all, NULL as
    long as it stands in the list; there is one such row per code."""

    __tablename__ = "catalogue_entry"
    __table_args__ = (
        CheckConstraint("length(catalogue) > 0 AND length(code) > 0", name="catalogue_entry_is_named"),
        Index(
            "ux_catalogue_entry_now",
            "agency",
            "generation",
            "catalogue",
            "code",
            unique=True,
            sqlite_where=_STANDING,
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    agency: str
    generation: int
    catalogue: str
    code: str
    title: str
    valid_from: str | None = None
    valid_to: str | None = None
    first_seen_at: datetime = _instant()
    last_seen_at: datetime = _instant()
    gone_at: datetime | None = _instant(nullable=True)


class KeyAlias(SQLModel, table=True):
    """What the source calls a record since a plan was approved; `local_id` is its first key, and the national one.

    `until`: when another id took its place, NULL as long as it holds: then there is one id per key, and one key per
    id."""

    __tablename__ = "key_alias"
    __table_args__ = (
        CheckConstraint(_in("kind", Kind), name="key_alias_kind"),
        CheckConstraint("alias <> local_id", name="alias_is_another"),
        Index(
            "ux_key_alias_now",
            "agency",
            "kind",
            "alias",
            unique=True,
            sqlite_where=_IN_FORCE,
        ),
        Index(
            "ux_key_alias_key_now",
            "agency",
            "kind",
            "local_id",
            unique=True,
            sqlite_where=_IN_FORCE,
        ),
        Index("ix_key_alias_key", "agency", "kind", "local_id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    agency: str
    kind: str
    alias: str
    local_id: str
    plan: str
    since: datetime = _instant()
    until: datetime | None = _instant(nullable=True)


def table_of(model: type[SQLModel]) -> Table:
    """Return the Core table behind a model."""
    return cast(Table, model.__table__)  # type: ignore[attr-defined]
