"""The values that travel between the floors.

Everything here is frozen. Times are aware UTC datetimes, calendar days are dates; `_s` means seconds,
`_bytes` means sizes; a digest is the lower-case SHA-256 hex of canonical JSON (see `chain.py`).
May import: the standard library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

Body = dict[str, Any]
"""A canonical document as JSON values: str, int, bool, list, dict. Never a float, never a null."""


class Kind(StrEnum):
    """The six canonical documents, in the order in which a sweep reads and a push sends them."""

    RECEPTION = "reception"
    PETITION = "petition"
    HANDLING = "handling"
    ACCEPTANCE = "acceptance"
    DECISION = "decision"
    ENFORCEMENT = "enforcement"


KINDS: tuple[Kind, ...] = tuple(Kind)


class Operation(StrEnum):
    """What a delivery asks of the national side."""

    PUT = "put"
    WITHDRAW = "withdraw"


class State(StrEnum):
    """Where one version of one document stands. The law's own words are kept out of these names."""

    PENDING = "pending"
    SENDING = "sending"
    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    QUARANTINED = "quarantined"
    NOT_SENT = "not_sent"
    SUPERSEDED = "superseded"
    RETRACTED = "retracted"


class Cause(StrEnum):
    """Why a delivery is quarantined, not sent, or waits for a person."""

    MAPPING = "mapping"
    PARENT_MISSING = "parent_missing"
    EXHAUSTED = "exhausted"
    CRASH = "crash"
    GUARD = "guard"
    NOT_CARRIED = "not_carried"
    EXCLUDED = "excluded"
    BECAME_SECRET = "became_secret"  # noqa: S105  a state secret, not a password
    CONFLICT = "conflict"
    NATIONAL_AHEAD = "national_ahead"
    SEVERAL = "several"
    NOT_FINDABLE = "not_findable"


class Decision(StrEnum):
    """What a person (or the policy `push.probable_cases`) says of a delivery that nobody else can settle."""

    LINK = "link"  # this national record is ours
    CREATE = "create"  # none of them is: send it


class VerdictName(StrEnum):
    """What one answer (or its absence) means for the delivery."""

    DELIVERED = "delivered"
    HOLD = "hold"  # the channel waits; the attempt is given back
    RETRY = "retry"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    CONFLICT = "conflict"  # answered, but about another version: ask with find; says nothing bad of the channel
    ASK = "ask"  # looked first, and only a person can say whether ours is there already: nothing was sent


class SightingName(StrEnum):
    """What `find` saw on the national side, compared with our version and digest."""

    SAME = "same"
    ABSENT = "absent"
    OLDER = "older"
    NEWER = "newer"
    OTHER = "other"
    SEVERAL = "several"
    UNREADABLE = "unreadable"
    HELD = "held"  # the question could not be asked: the channel waits


@dataclass(frozen=True, slots=True, order=True)
class RecordKey:
    """One fact of one agency. `local_id` is `<source name>:<source key>`, at most 128 bytes."""

    agency: str
    kind: Kind
    local_id: str

    def __str__(self) -> str:
        return f"{self.agency}/{self.kind}/{self.local_id}"


class Fate(StrEnum):
    """What becomes of a file that a record names."""

    NONE = "none"  # the row names none
    NAMED = "named"  # not looked at yet
    READY = "ready"  # read and hashed: the document refers to it
    UNSAFE = "unsafe"  # its name leads out of the root, or is none that a file may have
    ABSENT = "absent"
    UNREADABLE = "unreadable"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TYPE = "type"  # its bytes are of no type that is sent
    LATER = "later"  # changed just now: it is looked at again
    NOT_REDACTED = "not_redacted"  # of a concealed record: only a redacted copy leaves
    NOT_CARRIED = "not_carried"  # the profile has no way for content
    REFUSED = "refused"  # the national side does not take it


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file that a row names, and what was seen of it. `path` is below the root; it may name a person.

    size_bytes and modified_ns: as the disk says, once it was looked at; the rest: once it was read."""

    path: str = field(repr=False)
    fate: Fate
    redacted: bool = False
    size_bytes: int = 0
    modified_ns: int = 0
    sha256: str = field(default="", repr=False)
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One aggregate as read: the row, its children by query name, and its keyed fingerprint.

    `columns` hold what the driver gave: str, int, float, Decimal, bytes, date, datetime, None. files: one for each row
    of the child query that names them, its parts taken apart; () as long as nobody has looked. choose: which of several
    communes of today a person has chosen for an address of this record, "" for none; None: nobody has decided any."""

    key: RecordKey
    columns: Mapping[str, Any]
    children: Mapping[str, tuple[Mapping[str, Any], ...]]
    fingerprint: str
    identity: str = ""  # keyed digest of the columns that make the record this one and no other; "" if none are named
    files: tuple[SourceFile, ...] = ()
    choose: Chooser | None = field(default=None, repr=False, compare=False)


Chooser = Callable[[Mapping[str, Any], tuple[str, ...]], str]
"""Takes an address as entered and the communes that its unit became."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why a row cannot become a document. Never holds the offending value.

    pointer: RFC 6901 into the canonical document; rule: stable error id (`E-MAP-004`), explained by the
    message catalogue; column: `table.column` of the source, or "" if none; detail: what would be right, in
    machine words (a code list's name, a format), safe to show to anybody."""

    pointer: str
    rule: str
    column: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TraceStep:
    """How one target field is fed: pointer, `table.column`, and the rule in words (`codes linh-vuc`)."""

    pointer: str
    column: str
    rule: str
    confidentiality: str  # C1..C3 of the target field


@dataclass(frozen=True, slots=True)
class Document:
    """One canonical document. `body` is its canonical JSON bytes, `digest` their SHA-256 hex.

    concealed: persons and free text were taken out of it, because it is or may be a denunciation. sought: under which
    words people find it (`seeking.py`), none if it is concealed."""

    key: RecordKey
    parent: RecordKey | None
    body: bytes
    digest: str
    concealed: bool = False
    sought: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a mapping made of one row: documents to send, or problems (then no document); never both empty.

    concealed: whether the row must be concealed, also where no document could be made of it; None: nobody can tell."""

    documents: tuple[Document, ...]
    problems: tuple[Problem, ...]
    trace: tuple[TraceStep, ...] = ()
    concealed: bool | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Why a new version exists. Belongs to the delivery, never to the hashed body."""

    cause: str = "progress"  # progress, correction, citizen_request, reclassified, void
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Refs:
    """National ids that a profile may need or has learned, each "" where the ledger has no receipt of the present
    generation: of the case (the petition that this document hangs on), of the decision that it hangs on, of this
    document itself. With `own` a put is an update, without it a create."""

    case: str = ""
    decision: str = ""
    own: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One version of one document, claimed and on its way. `attempt` counts from 1.

    create_decided: a person has said of this key that none of the probable cases is ours."""

    id: int
    key: RecordKey
    operation: Operation
    version: int
    body: bytes
    digest: str
    attempt: int
    change: Change = field(default_factory=Change)
    refs: Refs = field(default_factory=Refs)
    create_decided: bool = False


@dataclass(frozen=True, slots=True)
class RemoteProblem:
    """One entry of a national refusal: pointer into our document, the national rule, its text (class C2)."""

    pointer: str
    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What makes a delivery count: the national side's echo of our version and digest."""

    national_id: str
    version: int
    digest: str
    received_at: datetime | None
    status: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of one answer by the rule list of a profile; `rule` names the line that matched."""

    name: VerdictName
    rule: str
    receipt: Receipt | None = None
    problems: tuple[RemoteProblem, ...] = ()
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """What an answer says of the national side's rate limit: so many requests remain, for so many seconds.

    limit: how many a whole window holds, where it says so."""

    remaining: int
    reset_s: float
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """What came with an answer besides what it says of our document: kept with the receipt, as evidence of it.

    digest: SHA-256 of its body. transaction: the code under which the bus in front knows the exchange, "" without one.
    body: the bytes themselves, only of a profile whose answers hold nothing personal, and only where they are few."""

    digest: str
    server_date: datetime | None = None
    transaction: str = ""
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one `submit`. A value, also for every failure of the network: `submit` raises only on a bug.

    answered: None where nothing came back. candidates: with the verdict ASK, what a look before sending showed."""

    delivery_id: int
    verdict: Verdict
    http_status: int | None
    elapsed_s: float
    answered: Answered | None = None
    candidates: tuple[Candidate, ...] = field(default=(), repr=False)
    rate: Rate | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One national record that may be ours, as a search shows it. Texts of class C2 and C3: for the encrypted ledger
    and the eyes of a person, never for a log. Empty text: the national side did not say."""

    national_id: str
    person: str = ""
    address: str = ""
    identity_no: str = ""
    content: str = ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What became of one `find`. `receipt` is what the national side holds (SAME, OLDER, NEWER, OTHER);
    `candidates` are what a search showed that is not certainly ours (SEVERAL, or ABSENT beside probable ones)."""

    delivery_id: int
    name: SightingName
    rule: str
    http_status: int | None
    elapsed_s: float
    receipt: Receipt | None = None
    retry_after_s: float | None = None
    candidates: tuple[Candidate, ...] = field(default=(), repr=False)
    rate: Rate | None = None
    answered: Answered | None = None


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """One event of the national feed. `sequence` rises strictly per record and alone orders."""

    event_id: str
    sequence: int
    key: RecordKey
    national_id: str
    status: str
    occurred_at: datetime
    acting_agency: str = ""
    note: str = ""  # free text, class C2


@dataclass(frozen=True, slots=True)
class StatusPage:
    """One page of the feed. `next` is the opaque cursor to store once the page is applied."""

    updates: tuple[StatusUpdate, ...]
    next: str
    more: bool
    unreadable: tuple[str, ...] = ()  # items that were not events, by id or digest; never silently dropped

    @property
    def malformed(self) -> int:
        """How many items were not events."""
        return len(self.unreadable)


@dataclass(frozen=True, slots=True)
class Held:
    """One line of the national manifest: what the national side holds. `status_sequence` is the place of `status` in
    the order of the feed."""

    kind: Kind
    local_id: str  # "" = entered by hand there, without our key
    national_id: str
    version: int
    digest: str
    status: str
    status_sequence: int
    entered_by: str  # "api", "web"


@dataclass(frozen=True, slots=True)
class ManifestPage:
    """One page of the manifest of a kind. `next` is the opaque cursor of the page after it."""

    held: tuple[Held, ...]
    next: str
    more: bool
    unreadable: tuple[str, ...] = ()  # items that were not lines, by id or digest; never silently dropped


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a profile can do, per kind where kinds differ."""

    carried: frozenset[Kind]
    create_idempotent: frozenset[Kind]
    findable: frozenset[Kind]
    status_feed: bool
    withdraws: bool = False
    """Whether a record can be taken back."""
    absent_after_s: float = 0.0
    """How long after the last byte an ABSENT sighting is believed where a create is not idempotent."""
    update_idempotent: frozenset[Kind] = frozenset()
    """Kinds whose update, named by its own national id, may be repeated."""
    absent_sightings: int = 1
    """How often in a row a record must be seen ABSENT before that is believed, where a create is not idempotent."""
    manifest: bool = False
    """Whether it can list what it holds."""
    attachments: bool = False
    """Whether it takes the content of attachments."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it. `name` is what was declared; `authenticated` says whether somebody checked it."""

    name: str
    trigger: str  # schedule, cli, daemon, demo
    authenticated: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened and must be in the audit log; `store/audit.py` makes it an Entry.

    `facts` are C1 only: states, counts, rule ids, commitments, durations. Never a value of a record."""

    name: str
    agency: str
    actor: Actor
    at: datetime
    key: RecordKey | None = None
    version: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """An audit entry in its chain: `hash` = SHA-256 of the canonical JSON array that `chain.link` builds."""

    agency: str
    seq: int
    prev: str
    hash: str
    content: str  # the canonical JSON array, as hashed
