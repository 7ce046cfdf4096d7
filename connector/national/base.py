"""What a national profile is, and the values it speaks in with the transport and the rules.

A profile says how documents go over the wire to one kind of national system. Nouns: a Request goes out; an
Answer or a Failure comes back (together: a Reply); `rules.py` judges the Reply.
May import: the standard library, core.catalogue, core.model, core.signs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from connector.core.catalogue import Catalogue, Translation
from connector.core.model import (
    Capabilities,
    Delivery,
    Kind,
    ManifestPage,
    Outcome,
    Rate,
    Sighting,
    StatusPage,
    Verdict,
)
from connector.core.signs import Signs


@dataclass(frozen=True, slots=True)
class NationalSettings:
    """How to reach one national environment. Holds no secret: credentials come by a callable."""

    environment: str  # "test", "production": printed in every heading, part of the store's target
    base_url: str  # scheme, host, port, perhaps a path in front of the bus; never with a user or a query
    deadline_s: float = 30.0  # for one exchange, from the name look-up to the last byte of the answer
    connect_timeout_s: float = 5.0  # for one address of the host, within the deadline
    max_answer_bytes: int = 8 * 1024 * 1024
    ca_file: Path | None = None  # None: the trust store of the operating system
    client_certificate: Path | None = None  # PEM, with its chain; None: the server does not ask who we are
    client_key: Path | None = None  # PEM, not encrypted; None: it stands in the file of the certificate
    allow_plain_http: bool = False  # a sandbox on loopback; refused for any other host
    create_idempotent: bool = True
    absent_after_s: float = 0.0
    schema_version: str = "1"
    user_agent: str = "kntc-connector"
    fields: Mapping[Kind, frozenset[str]] = field(default_factory=dict)
    """Per kind, the patterns of its schema: a national pointer to anything else is taken for text."""
    catalogues: tuple[str, ...] = ()
    """The names of our code lists, for an interface that names its own like ours."""


class Fault(StrEnum):
    """Why there is no answer. The words go into the audit log and the message catalogue."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TLS_UNKNOWN_ISSUER = "tls_unknown_issuer"
    TLS_WRONG_HOST = "tls_wrong_host"
    TLS_EXPIRED = "tls_expired"
    TLS_NOT_YET_VALID = "tls_not_yet_valid"  # often our own clock
    TLS_OWN_CERTIFICATE = "tls_own_certificate"  # the server does not take ours, or misses one
    CREDENTIALS = "credentials"  # the secret could not be read on this machine
    TOKEN_REFUSED = "token_refused"  # noqa: S105  a name of a fault, not a secret
    TOKEN_UNAVAILABLE = "token_unavailable"  # noqa: S105  as above
    TIMEOUT = "timeout"
    RESET = "reset"  # the connection ended before the answer did
    MALFORMED = "malformed"  # not HTTP
    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Everything that can hold a key, a token or a document stays out of its repr."""

    method: str
    path: str = field(repr=False)  # percent-encoded, begins with "/", relative to base_url; may carry a query
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    content: Content | None = field(default=None, repr=False)  # in place of `body`: given away piece by piece
    extra_s: float = 0.0  # more time than other exchanges have


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of an attachment, by their hash. `pieces` begins anew each time; what it raises goes through to whoever
    sends, and then the request was never complete."""

    sha256: str
    size_bytes: int
    media_type: str
    pieces: Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one `attach`. DELIVERED: the national side has the content, and says so by its hash."""

    verdict: Verdict
    http_status: int | None
    elapsed_s: float
    rate: Rate | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer, of any status. Header names are lower case; `body` is raw, never decoded."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Failure:
    """No complete answer. `sent` False is a promise: no byte of the request (of the delivery) has left."""

    fault: Fault
    sent: bool
    retry_after_s: float | None = None


Reply = Answer | Failure


class National(Protocol):
    """One agency's line to one national system.

    Safe to call from many worker threads at once. `submit` and `find` return a value for everything that a
    network or a server can do; an exception out of them is a bug."""

    @property
    def capabilities(self) -> Capabilities:
        """What the profile can do, kind by kind."""

    def submit(self, delivery: Delivery) -> Outcome:
        """Send one delivery once. Repeated only after a 401, which says that it was not accepted."""

    def find(self, delivery: Delivery) -> Sighting:
        """Look what the national side holds under the delivery's key, and compare it with the delivery."""

    def attach(self, content: Content, *, look_first: bool) -> Taken:
        """Send the content of an attachment, unless it is there already where `look_first` asks. Where
        `capabilities.attachments`; may be repeated. Raises only what `content.pieces` raises."""

    def probe(self) -> bool:
        """One cheap authorised read: may a channel that was held go on?"""

    def check(self) -> None:
        """The same read for a person who asks why: raises RemoteError for whatever keeps us from working."""

    def status_updates(self, agency: str, after: str, limit: int) -> StatusPage:
        """One page of the status feed after a cursor ("" = from the beginning). Where `capabilities.status_feed`.

        Raises CursorExpiredError when the feed forgot the cursor, RemoteError for any other trouble."""

    def manifest(self, agency: str, kind: Kind, after: str, limit: int) -> ManifestPage:
        """One page of what is held of a kind, after a cursor ("" = from the beginning). Where `capabilities.manifest`.

        What is added while it is read may stand on a later page; nothing that stays is left out. Raises as
        `status_updates` does, CursorExpiredError too: then it must be read from the beginning."""

    @property
    def catalogues(self) -> tuple[str, ...]:
        """The names of the national code lists that this interface may have, in the order in which people know them."""

    @property
    def translations(self) -> tuple[Translation, ...]:
        """How our codes are said in national lists; empty where the national codes are ours."""

    def catalogue(self, name: str) -> Catalogue | None:
        """Return one national code list whole, None where the national side has no list of this name.

        Raises CatalogueError for an answer that is no such list, RemoteError for any other trouble."""

    def acknowledge(self, agency: str, cursor: str) -> None:
        """Tell how far the feed was applied. Raises RemoteError; losing it does no harm."""

    def signs(self) -> Signs:
        """Return what was heard beside the answers since this line was opened: its clock, its end, certificates."""

    def close(self) -> None:
        """Close the idle connections; exchanges under way end by themselves."""
