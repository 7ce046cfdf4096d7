"""The profile `decree55`: our reference interface, `schemas/decree55.openapi.yaml`, over REST.

Requests are built here, judged in `rules.py`, carried by `transport.py`.
May import: core.catalogue, core.model, errors, access, base, bearer, decree55_pages, rates, replies, rules, transport,
wording.
"""

from __future__ import annotations

import base64
import hashlib
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from urllib.parse import quote, urlencode

import orjson

from connector.core.catalogue import Catalogue, Translation
from connector.core.model import (
    KINDS,
    Capabilities,
    Delivery,
    Kind,
    ManifestPage,
    Operation,
    Outcome,
    RecordKey,
    Sighting,
    StatusPage,
    Verdict,
    VerdictName,
)
from connector.core.signs import Signs
from connector.errors import CursorExpiredError, RemoteError
from connector.national import decree55_contents, wording
from connector.national.access import Credentials, authorised
from connector.national.base import Answer, Content, NationalSettings, Reply, Request, Taken
from connector.national.bearer import Bearer, client_credentials
from connector.national.decree55_pages import Item, Page, held, read_catalogue, read_page, status_update
from connector.national.rates import rate_of
from connector.national.replies import answered, expect, is_served
from connector.national.rules import is_bare_receipt, judge, see
from connector.national.transport import Transport

IDEMPOTENCY_NAMESPACE = uuid.UUID("6f0d0c1e-5b0a-5c55-9d55-202206130055")
"""Never change it: a delivery sent before and after the change would count as two."""

TOKEN_PATH = "/oauth2/token"  # noqa: S105  a path, not a secret


class Decree55:
    """One agency's line to a national system that speaks `decree55` (see `base.National`)."""

    def __init__(
        self, settings: NationalSettings, agency: str, credentials: Credentials, stop: threading.Event
    ) -> None:
        self._settings = settings
        self._agency = agency
        self._transport = Transport(settings, stop)
        self._bearer = Bearer(self._transport, client_credentials(TOKEN_PATH), credentials)

    @property
    def capabilities(self) -> Capabilities:
        """Every kind is carried and can be found; whether a create may be repeated is a setting."""
        every = frozenset(KINDS)
        return Capabilities(
            carried=every,
            create_idempotent=every if self._settings.create_idempotent else frozenset(),
            findable=every,
            status_feed=True,
            absent_after_s=self._settings.absent_after_s,
            withdraws=True,
            manifest=True,
            attachments=True,
        )

    def submit(self, delivery: Delivery) -> Outcome:
        """See base.National."""
        self._expect_own(delivery)
        started = time.monotonic()
        request = submission(delivery, self._settings.schema_version)
        reply = self._authorised(request, self._transport.exchange)
        verdict = judge(reply, delivery.version, delivery.digest)
        known = self._settings.fields.get(delivery.key.kind, frozenset())
        return Outcome(
            delivery_id=delivery.id,
            verdict=replace(verdict, problems=tuple(wording.aimed(one, known) for one in verdict.problems)),
            http_status=_status(reply),
            elapsed_s=time.monotonic() - started,
            answered=answered(reply, keeps_body=verdict.receipt is not None and is_bare_receipt(reply)),
            rate=rate_of(reply),
        )

    def find(self, delivery: Delivery) -> Sighting:
        """See base.National."""
        self._expect_own(delivery)
        started = time.monotonic()
        request = Request("GET", record_path(delivery.key))
        reply = self._authorised(request, self._transport.exchange_repeatedly)
        seen = see(reply, delivery.version, delivery.digest)
        return Sighting(
            delivery_id=delivery.id,
            name=seen.name,
            rule=seen.rule,
            http_status=_status(reply),
            elapsed_s=time.monotonic() - started,
            receipt=seen.receipt,
            retry_after_s=seen.retry_after_s,
            rate=rate_of(reply),
            answered=answered(reply, keeps_body=seen.receipt is not None and is_bare_receipt(reply)),
        )

    def attach(self, content: Content, *, look_first: bool) -> Taken:
        """See base.National. A HEAD that finds it there is as good as an answer to the PUT."""
        started = time.monotonic()
        if look_first:
            seen = self._authorised(decree55_contents.question(content.sha256), self._transport.exchange_repeatedly)
            if decree55_contents.is_there(seen):
                found = Verdict(VerdictName.DELIVERED, "there_already")
                return Taken(found, _status(seen), time.monotonic() - started, rate_of(seen))
        reply = self._authorised(decree55_contents.submission(content), self._transport.exchange)
        verdict = decree55_contents.judge(reply, content.sha256)
        return Taken(verdict, _status(reply), time.monotonic() - started, rate_of(reply))

    def probe(self) -> bool:
        """One page of one status event: it needs name, TLS, token and permission, and changes nothing.

        What the API itself answers counts, a refusal included: a feed out of order (410) holds up no sending."""
        reply = self._authorised(self._feed_request(self._agency, "", 1), self._transport.exchange)
        return isinstance(reply, Answer) and is_served(reply)

    def check(self) -> None:
        """See base.National."""
        self.status_updates(self._agency, "", 1)

    def status_updates(self, agency: str, after: str, limit: int) -> StatusPage:
        """See base.National. Items that are not events are named in `unreadable`."""
        request = self._feed_request(agency, after, limit)
        page = self._page(request, agency, partial(status_update, agency), "event_id", "status-updates")
        return StatusPage(page.items, page.next, page.more, page.unreadable)

    def manifest(self, agency: str, kind: Kind, after: str, limit: int) -> ManifestPage:
        """See base.National. Items that are not lines are named in `unreadable`."""
        request = Request("GET", _paged(f"{_agency_path(agency)}/{quote(kind, safe='')}", after, limit))
        page = self._page(request, agency, partial(held, kind), "national_id", "manifest")
        return ManifestPage(page.items, page.next, page.more, page.unreadable)

    @property
    def catalogues(self) -> tuple[str, ...]:
        """See base.National: this interface names its lists as we do ours."""
        return self._settings.catalogues

    @property
    def translations(self) -> tuple[Translation, ...]:
        """See base.National: the codes are ours."""
        return ()

    def catalogue(self, name: str) -> Catalogue | None:
        """See base.National."""
        if name not in self._settings.catalogues:
            raise ValueError("a list that is none of ours: nobody may ask for it")
        request = Request("GET", f"/v1/catalogues/{quote(name, safe='')}")
        reply = self._authorised(request, self._transport.exchange_repeatedly)
        if _status(reply) == HTTPStatus.NOT_FOUND and isinstance(reply, Answer) and is_served(reply):
            return None
        return read_catalogue(name, expect(reply, 200, agency=self._agency))

    def acknowledge(self, agency: str, cursor: str) -> None:
        """See base.National."""
        body = orjson.dumps({"cursor": cursor})
        path = f"{_agency_path(agency)}/status-updates/ack"
        request = Request("POST", path, {"Content-Type": "application/json"}, body)
        expect(self._authorised(request, self._transport.exchange_repeatedly), 200, 204, agency=agency)

    def signs(self) -> Signs:
        """See base.National."""
        return self._transport.signs

    def close(self) -> None:
        """See base.National."""
        self._transport.close()

    def _expect_own(self, delivery: Delivery) -> None:
        if delivery.key.agency != self._agency:
            raise ValueError("a delivery of another agency: the credentials here are not its own")

    def _feed_request(self, agency: str, after: str, limit: int) -> Request:
        return Request("GET", _paged(f"{_agency_path(agency)}/status-updates", after, limit))

    def _page(
        self, request: Request, agency: str, read: Callable[[object], Item | None], named_by: str, call: str
    ) -> Page[Item]:
        """Ask for one page and read it, each item by `read`. Raises as `base.National.status_updates` says."""
        reply = self._authorised(request, self._transport.exchange_repeatedly)
        if _status(reply) == HTTPStatus.GONE:
            raise CursorExpiredError("E-FEED-CURSOR-EXPIRED", agency=agency)
        document = expect(reply, 200, agency=agency)
        page = read_page(document, read, named_by) if document is not None else None
        if page is None:
            raise RemoteError("E-NET-NOT-API", call=call)
        return page

    def _authorised(self, request: Request, exchange: Callable[[Request], Reply]) -> Reply:
        return authorised(request, exchange, self._bearer)


def submission(delivery: Delivery, schema_version: str) -> Request:
    """Return the request that carries a delivery: a PUT of the document, or a POST of its withdrawal."""
    content_digest = base64.b64encode(hashlib.sha256(delivery.body).digest()).decode("ascii")
    headers = {
        "Content-Type": "application/json",
        "Content-Digest": f"sha-256=:{content_digest}:",  # RFC 9530
        "Idempotency-Key": idempotency_key(delivery),
        "X-Record-Version": str(delivery.version),
        "X-Schema-Version": schema_version,
        "X-Change-Cause": delivery.change.cause,
    }
    if delivery.operation is Operation.WITHDRAW:
        return Request("POST", f"{record_path(delivery.key)}/withdrawal", headers, delivery.body)
    return Request("PUT", record_path(delivery.key), headers, delivery.body)


def idempotency_key(delivery: Delivery) -> str:
    """Return the UUIDv5 of agency, kind, local_id, operation, version and digest (as one JSON array).

    The version is in it: an edit from A to B and back to A would else be answered from memory and lost."""
    key = delivery.key
    parts = [key.agency, key.kind, key.local_id, delivery.operation, delivery.version, delivery.digest]
    return str(uuid.uuid5(IDEMPOTENCY_NAMESPACE, orjson.dumps(parts).decode()))


def record_path(key: RecordKey) -> str:
    """Return the path of a record; local_id is one segment, its "/" and ":" percent-encoded."""
    return f"{_agency_path(key.agency)}/{quote(key.kind, safe='')}/{quote(key.local_id, safe='')}"


def _agency_path(agency: str) -> str:
    return f"/v1/agencies/{quote(agency, safe='')}"


def _paged(path: str, after: str, limit: int) -> str:
    return f"{path}?{urlencode({'after': after, 'limit': limit} if after else {'limit': limit})}"


def _status(reply: Reply) -> int | None:
    return reply.status if isinstance(reply, Answer) else None
