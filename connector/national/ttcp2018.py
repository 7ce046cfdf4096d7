"""The profile `ttcp2018`: the interface that clients of the national system were seen to use from 2018 on.

One POST per operation under one base path. Payloads are built in ttcp2018_payload.py, answers judged in
ttcp2018_rules.py, lost petitions found again by ttcp2018_search.py; here they are carried.
What it cannot do: receptions, withdrawals, a status feed, a list of what is there; a repeat creates again.
May import: core.catalogue, core.model, errors, and the modules beside it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal

import orjson

from connector.core.catalogue import Catalogue, Translation
from connector.core.model import (
    Candidate,
    Capabilities,
    Delivery,
    Kind,
    ManifestPage,
    Operation,
    Outcome,
    RemoteProblem,
    Sighting,
    SightingName,
    StatusPage,
    Verdict,
    VerdictName,
)
from connector.core.signs import Signs
from connector.errors import ConfigError, RemoteError
from connector.national import ttcp2018_search as search
from connector.national.access import Access, Credentials, Fixed, authorised, basic, static_bearer
from connector.national.base import Answer, Content, Failure, Fault, NationalSettings, Reply, Request, Taken
from connector.national.bearer import Bearer, TokenDesk
from connector.national.endpoint import sendable
from connector.national.rates import rate_of
from connector.national.replies import answered, expect
from connector.national.transport import Transport
from connector.national.ttcp2018_answers import Layers, candidates, read, record, token_document, wrapped
from connector.national.ttcp2018_catalogues import (
    NUMBERS,
    asked_for,
    asked_for_province,
    catalogue_of,
    translations,
)
from connector.national.ttcp2018_payload import NEEDS, OPERATIONS, Payload, Style, build, own_id
from connector.national.ttcp2018_rules import judge, why_no_list
from connector.national.ttcp2018_search import Found

SEARCH = "TraThongTinDon"
CATALOGUE = "TraDanhMuc"
SOURCES_OF_PETITIONS = "5"
"""The number of the shortest catalogue: what a probe reads."""

TOKEN_LIFETIME_S = 1_800.0
"""What was observed; an answer that states its own is believed."""


@dataclass(frozen=True, slots=True)
class Bus:
    """How the bus in front of the national system wants to be spoken to."""

    base_path: str = "/KNTC"
    auth: Literal["basic", "token", "bearer"] = "token"
    token_path: str = "/auth/generateToken"  # noqa: S105  a path, not a secret
    headers: Mapping[str, str] = field(default_factory=dict)  # fixed, of sender, receiver, transaction code
    extra_token_header: str = ""  # one more token beside the first, such as lgspaccesstoken
    extra_token: Callable[[], str] | None = None  # read anew each time; raises ConfigError
    layers: Layers = field(default_factory=Layers)
    busy_messages: tuple[str, ...] = ()  # phrases of a refusal inside a 200 that is not final


class Ttcp2018:
    """One agency's line to a national system that speaks `ttcp2018` (see `base.National`)."""

    def __init__(
        self,
        settings: NationalSettings,
        agency: str,
        bus: Bus,
        style: Style,
        credentials: Credentials,
        stop: threading.Event,
    ) -> None:
        if not all(sendable(value) for value in (*bus.headers.values(), bus.extra_token_header or "-")):
            raise ConfigError("E-NET-HEADER")
        self._settings = settings
        self._agency = agency
        self._bus = bus
        self._style = style
        self._transport = Transport(settings, stop)
        self._access = _access(bus, self._transport, credentials)

    @property
    def capabilities(self) -> Capabilities:
        """No create may be repeated. A repeated update by its own id does no harm where the notes know such an id: of a
        decision they do not, and there an update may have made another decision."""
        return Capabilities(
            carried=frozenset(OPERATIONS),
            create_idempotent=frozenset(),
            findable=frozenset({Kind.PETITION}),
            status_feed=False,
            absent_after_s=self._settings.absent_after_s,
            update_idempotent=frozenset({Kind.PETITION, Kind.ENFORCEMENT}),
            absent_sightings=2,
        )

    def submit(self, delivery: Delivery) -> Outcome:
        """See base.National. A document that this profile cannot say is answered here; then nothing is sent."""
        self._expect_own(delivery)
        started = time.monotonic()
        refusal = _refusal(delivery)
        if refusal is None:
            built = build(delivery, self._style)
            if not built.problems:
                return self._sent(delivery, built.operation, built.payload, started)
            refusal = Verdict(VerdictName.REJECTED, "untranslatable", problems=built.problems)
        return Outcome(delivery.id, refusal, None, time.monotonic() - started)

    def find(self, delivery: Delivery) -> Sighting:
        """See base.National. Only petitions can be found; of any other kind nothing is asked."""
        self._expect_own(delivery)
        started = time.monotonic()
        if delivery.key.kind is not Kind.PETITION:
            return Sighting(delivery.id, SightingName.UNREADABLE, "not-findable", None, 0.0)
        found, reply = self._found(delivery)
        return Sighting(
            delivery_id=delivery.id,
            name=found.name,
            rule=found.rule,
            http_status=_status(reply),
            elapsed_s=time.monotonic() - started,
            receipt=found.receipt,
            retry_after_s=found.retry_after_s,
            candidates=found.candidates,
            answered=answered(reply, keeps_body=False),  # it shows names
        )

    def attach(self, content: Content, *, look_first: bool) -> Taken:  # noqa: ARG002
        """Send nothing: files would go base64 inside the document, without a hash and again with every repeat."""
        return Taken(Verdict(VerdictName.REJECTED, "not_carried"), None, 0.0)

    def probe(self) -> bool:
        """One short catalogue: it needs name, TLS, account and permission, and changes nothing."""
        reply = self._call(CATALOGUE, asked_for(SOURCES_OF_PETITIONS), self._transport.exchange)
        return isinstance(reply, Answer) and reply.status == HTTPStatus.OK and self._is_list(reply)

    def check(self) -> None:
        """See base.National."""
        reply = self._call(CATALOGUE, asked_for(SOURCES_OF_PETITIONS), self._transport.exchange_repeatedly)
        expect(reply, HTTPStatus.OK, agency=self._agency)
        if not self._is_list(reply):
            raise RemoteError("E-NET-NOT-API", call=CATALOGUE)

    def status_updates(self, agency: str, after: str, limit: int) -> StatusPage:  # noqa: ARG002  there is no feed
        """Return an empty page: this interface has no feed, and `capabilities` says so."""
        return StatusPage(updates=(), next=after, more=False)

    def manifest(self, agency: str, kind: Kind, after: str, limit: int) -> ManifestPage:  # noqa: ARG002  as above
        """There is no list, and an empty one would say that nothing is held: to ask for it is a bug."""
        raise ValueError("an interface without a manifest: capabilities say so")

    @property
    def catalogues(self) -> tuple[str, ...]:
        """See base.National: here a list has a number."""
        return NUMBERS

    @property
    def translations(self) -> tuple[Translation, ...]:
        """See base.National."""
        return translations(self._style.codes)

    def catalogue(self, name: str) -> Catalogue | None:
        """See base.National. Lists that are narrowed by province are asked for whole, and for our own province."""
        if name not in NUMBERS:
            raise ValueError("a list without a number: nobody may ask for it")
        own = self._style.codes["agency"].values.get(self._agency, "")
        answers = []
        for asked in (asked_for(name), *asked_for_province(name, own)):
            reply = self._call(CATALOGUE, asked, self._transport.exchange_repeatedly)
            expect(reply, HTTPStatus.OK, agency=self._agency)
            answers.append(read(reply, self._bus.layers))
        return catalogue_of(name, answers)

    def acknowledge(self, agency: str, cursor: str) -> None:
        """Do nothing: there is no feed."""

    def signs(self) -> Signs:
        """See base.National."""
        return self._transport.signs

    def close(self) -> None:
        """See base.National."""
        self._transport.close()

    def _expect_own(self, delivery: Delivery) -> None:
        if delivery.key.agency != self._agency:
            raise ValueError("a delivery of another agency: the credentials here are not its own")

    def _sent(self, delivery: Delivery, operation: str, payload: Payload, started: float) -> Outcome:
        reply = self._call(operation, payload, self._transport.exchange)
        said = record(reply, self._bus.layers)
        own = own_id(delivery)
        return Outcome(
            delivery_id=delivery.id,
            verdict=judge(reply, said, own, delivery.version, delivery.digest, self._bus.busy_messages),
            http_status=_status(reply),
            elapsed_s=time.monotonic() - started,
            answered=answered(reply, keeps_body=False),  # it may echo names
            rate=rate_of(reply),
        )

    def _found(self, delivery: Delivery) -> tuple[Found, Reply]:
        own = own_id(delivery)
        if own:
            listed, reply = self._search(search.query(case=own))
            return (listed if isinstance(listed, Found) else search.under_own_id(delivery, own, listed)), reply
        wanted = search.wanted_of(delivery, self._style)
        listed, reply = self._search(search.by_reference(wanted))
        if isinstance(listed, Found):
            return listed, reply
        found = search.without_own_id(delivery, wanted, listed)
        if found.name is not SightingName.ABSENT:
            return found, reply
        gathered: dict[str, Candidate] = {}
        for asked in search.by_person(wanted):
            listed, reply = self._search(asked)
            if isinstance(listed, Found):
                return listed, reply  # half a search says nothing about absence
            gathered.update((candidate.national_id, candidate) for candidate in listed)
        return search.without_own_id(delivery, wanted, tuple(gathered.values())), reply

    def _search(self, payload: Payload) -> tuple[tuple[Candidate, ...] | Found, Reply]:
        """Return the cases of one search and the reply; in place of the cases, what a missing list means."""
        reply = self._call(SEARCH, payload, self._transport.exchange_repeatedly)
        listed = candidates(read(reply, self._bus.layers)) if _status(reply) == HTTPStatus.OK else None
        if listed is not None:
            return listed, reply
        sighting, rule, wait_s = why_no_list(reply)
        return Found(sighting, rule, retry_after_s=wait_s), reply

    def _is_list(self, reply: Reply) -> bool:
        said = read(reply, self._bus.layers)
        return said.succeeded is True and isinstance(said.value, list)

    def _call(self, operation: str, payload: Payload, exchange: Callable[[Request], Reply]) -> Reply:
        headers = {"Content-Type": "application/json", **self._bus.headers}
        if self._bus.extra_token is not None:
            try:
                headers[self._bus.extra_token_header] = self._bus.extra_token()
            except ConfigError:
                return Failure(Fault.CREDENTIALS, sent=False)
            if not sendable(headers[self._bus.extra_token_header]):
                return Failure(Fault.CREDENTIALS, sent=False)
        body = wrapped(payload, self._bus.layers)
        return authorised(Request("POST", f"{self._bus.base_path}/{operation}", headers, body), exchange, self._access)


def _refusal(delivery: Delivery) -> Verdict | None:
    """Return why an operation cannot be said at all; None if it can.

    A missing national id is RETRY, not REJECTED: nothing is wrong with the document, and the ledger learns the id from
    the answer to its parent; nor HOLD, for the channel is sound; nor UNKNOWN, for nothing was sent. If the id never
    comes, the attempts run out and the record stands in the list of those that a person looks at."""
    if delivery.operation is Operation.WITHDRAW:
        return Verdict(VerdictName.REJECTED, "no_withdrawal", problems=(RemoteProblem("", "E-WIRE-WITHDRAWAL", ""),))
    if delivery.key.kind not in OPERATIONS:
        raise ValueError("a kind that is not carried: capabilities say so")
    missing = [need for need in NEEDS[delivery.key.kind] if not getattr(delivery.refs, need)]
    return Verdict(VerdictName.RETRY, f"id_missing:{missing[0]}") if missing else None


def _access(bus: Bus, transport: Transport, credentials: Credentials) -> Access:
    if bus.auth == "basic":
        return Fixed(credentials, basic)
    if bus.auth == "bearer":
        return Fixed(credentials, static_bearer)

    def ask(client: str, secret: str) -> Request:
        body = orjson.dumps({"username": client, "password": secret})
        return Request("POST", bus.token_path, {"Content-Type": "application/json", **bus.headers}, body)

    desk = TokenDesk(ask, lambda reply: token_document(reply, bus.layers), TOKEN_LIFETIME_S)
    return Bearer(transport, desk, credentials)


def _status(reply: Reply) -> int | None:
    return reply.status if isinstance(reply, Answer) else None
