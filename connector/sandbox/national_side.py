"""The ten calls of the national side: who asks, which fault is played, what happens, what is written down.

Whatever is answered, or lost on purpose, stands in the request log before its first byte leaves.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any

import orjson

from connector.sandbox.catalogues import Catalogues
from connector.sandbox.cursor import Cursors
from connector.sandbox.documents import Documents, accept_withdrawal
from connector.sandbox.entries import Entries
from connector.sandbox.faults import FaultPlan, FaultRule, answer_instead, spoil
from connector.sandbox.horizon import Horizon
from connector.sandbox.quota import Headers, Quota
from connector.sandbox.script import RETURNED, next_moves
from connector.sandbox.state import NationalState
from connector.sandbox.tokens import Tokens
from connector.sandbox.values import Held, Key, LogLine, Repeats, Stored, timestamp
from connector.sandbox.wire import (
    Answer,
    Put,
    Refusal,
    Request,
    check_hash,
    check_local_id,
    check_size,
    problem,
    read_content,
    read_cursor,
    read_page_bounds,
    read_put,
)

ACTING_AGENCY = "TTCP"
_DIFFERS = {Stored.OLDER: "version", Stored.OTHER: "digest"}
_MAX_LOGGED_KEY = 64


class NationalSide:
    """Answers calls on a state. `plan` and `quota` (None: no rate limit) may be replaced while it runs; `stop` ends
    every pause at once."""

    def __init__(
        self,
        state: NationalState,
        tokens: Tokens,
        documents: Documents,
        plan: FaultPlan,
        *,
        now: Callable[[], datetime],
        seed: int,
        idempotent_create: bool,
        catalogues: Catalogues,
    ) -> None:
        self.state = state
        self.tokens = tokens
        self.plan = plan
        self.quota: Quota | None = None
        self.stop = threading.Event()
        self.cursors = Cursors(state.identity)
        self.entries = Entries(state, seed)
        self.horizon = Horizon(state)
        self.backup = b""
        self._documents = documents
        self._catalogues = catalogues
        self._now = now
        self._seed = seed
        self._idempotent_create = idempotent_create

    def answer(self, call: str, request: Request) -> Answer:
        """Answer one call, played with the fault that strikes it, and write it down. Faults strike valid requests."""
        put: Put | None = None
        rule: FaultRule | None = None
        route = request.route
        told: Headers = ()
        try:
            check_size(request)
            if call != "token":
                sender = self.tokens.admit(request, self._now())
                told = self._count(sender)
                if route.sha256:  # under no agency's path: whose token it is, his are the contents
                    route = replace(route, agency=sender)
                    request = replace(request, route=route)
                    check_hash(route.sha256)
            if call == "attach":
                read_content(request)
            if route.local_id:
                check_local_id(route.local_id)
            if call in ("put", "withdraw"):
                put = read_put(request)
                accept = self._documents.accept if call == "put" else accept_withdrawal
                accept(route.agency, route.kind, route.local_id, put.body)
            rule = self.plan.strike(call, route.agency, route.kind, route.local_id or route.sha256)
            answer = self._play(rule, request, self._work(call, request, put))
        except Refusal as refusal:
            answer = refusal.answer
        self._write_down(request, put, answer.status, rule.what if rule else "")
        return replace(answer, headers=(*answer.headers, *told))

    def _count(self, agency: str) -> Headers:
        """Count a request against the rate limit, if there is one; refuse (429) one too many."""
        if self.quota is None:
            return ()
        told, refusal = self.quota.count(agency, self._now())
        if refusal is not None:
            raise Refusal(replace(refusal, headers=(*refusal.headers, *told)))
        return told

    def _work(self, call: str, request: Request, put: Put | None) -> Callable[[], Answer]:
        """Return the call's work, not yet done."""
        if put is not None:
            return partial(self._put if call == "put" else self._withdraw, request, put)
        works = {
            "get": self._get,
            "attach": self._attach,
            "look": self._look,
            "manifest": self._manifest,
            "feed": self._feed,
            "ack": self._acknowledge,
            "catalogue": self._catalogue,
            "token": self._issue,
        }
        return partial(works[call], request)

    def _play(self, rule: FaultRule | None, request: Request, work: Callable[[], Answer]) -> Answer:
        if rule is None:
            return work()
        if (instead := answer_instead(rule, self._now())) is not None:
            if rule.what == "expire_token":
                self.tokens.forget(request)
            return instead
        if rule.what == "latency":
            self.stop.wait(rule.latency_s)
        if rule.what == "shifted_pages":
            return self._feed(request, shifted=True)
        return spoil(rule, work())

    def _put(self, request: Request, put: Put) -> Answer:
        stored, held = self.state.put(
            _key(request), put.version, put.digest, self._now(), idempotent=self._idempotent_create
        )
        match stored:
            case Stored.OLDER | Stored.OTHER:
                return problem(409, f"{stored}-{_DIFFERS[stored]}", version=held.version, digest=held.digest)
            case Stored.CREATED | Stored.REPEATED:
                return _json(HTTPStatus.CREATED, _receipt(held))
        return _json(HTTPStatus.OK, _receipt(held))

    def _withdraw(self, request: Request, put: Put) -> Answer:
        stored, held = self.state.withdraw(
            _key(request), put.version, put.digest, self._now(), idempotent=self._idempotent_create
        )
        if held is None:
            return problem(404, "absent")
        if stored in (Stored.OLDER, Stored.OTHER):
            return problem(409, f"{stored}-{_DIFFERS[stored]}", version=held.version, digest=held.digest)
        return _json(HTTPStatus.OK, _receipt(held))

    def _get(self, request: Request) -> Answer:
        held = self.state.get(_key(request))
        if held is None:
            return problem(404, "absent")
        return _json(HTTPStatus.OK, _receipt(held) | {"sequence": held.sequence})

    def _attach(self, request: Request) -> Answer:
        sha256, size = request.route.sha256, len(request.body)
        new = self.state.contents.take(request.route.agency, sha256, read_content(request), request.body)
        return _json(HTTPStatus.CREATED if new else HTTPStatus.OK, {"sha256": sha256, "size_bytes": size})

    def _look(self, request: Request) -> Answer:
        if not self.state.contents.has(request.route.agency, request.route.sha256):
            return problem(404, "absent")
        return _json(HTTPStatus.OK, {})

    def _manifest(self, request: Request) -> Answer:
        after, limit = read_page_bounds(request.query)
        list_ = f"{request.route.agency} {request.route.kind}"
        start = self.cursors.read(list_, after, self.entries.end()) if after else 0
        lines, more = self.entries.lines(request.route.agency, request.route.kind, start, limit)
        content = [line._asdict() for line in lines]
        for each in content:
            del each["number"]
            if not each["local_id"]:
                del each["local_id"]
        end = lines[-1].number if lines else start
        return _json(HTTPStatus.OK, {"items": content, "next": self.cursors.make(list_, end), "more": more})

    def _feed(self, request: Request, *, shifted: bool = False) -> Answer:
        after, limit = read_page_bounds(request.query)
        agency = request.route.agency
        start = self.cursors.read(agency, after, self.state.feed_end(), self.horizon.position()) if after else 0
        start = max(start - limit // 2, 0) if shifted else start
        items, more = self.state.feed(agency, start, limit)
        content = [asdict(item) | {"acting_agency": ACTING_AGENCY} for item in items]
        for each in content:
            del each["position"]
        end = items[-1].position if items else max(start, self.horizon.position())
        return _json(HTTPStatus.OK, {"items": content, "next": self.cursors.make(agency, end), "more": more})

    def _acknowledge(self, request: Request) -> Answer:
        agency = request.route.agency
        position = self.cursors.read(agency, read_cursor(request), self.state.feed_end())
        self.state.acknowledge(agency, position)
        return Answer(HTTPStatus.NO_CONTENT)

    def _catalogue(self, request: Request) -> Answer:
        return _json(HTTPStatus.OK, self._catalogues.document(request.route.catalogue))

    def _issue(self, request: Request) -> Answer:
        return self.tokens.issue(request, self._now())

    def _write_down(self, request: Request, put: Put | None, status: int, fault: str) -> None:
        line = LogLine(
            seq=0,
            at=timestamp(self._now()),
            method=request.method,
            path=request.path,
            **_key(request)._asdict(),
            version=put.version if put else 0,
            digest=put.digest if put else "",
            idempotency_key=request.header("Idempotency-Key")[:_MAX_LOGGED_KEY],
            status=status,
            fault=fault,
        )
        self.state.append_log(line, request.body if request.route.kind else b"")

    def move(self, key: Key, status: str, note: str) -> bool:
        """Give a record a status, with an event in its agency's feed; False when it is not held."""
        rule = self.plan.strike_event(*key)
        return self.state.move(key, status, note, self._now(), Repeats(rule.what) if rule else Repeats.ONCE)

    def enter(self, agency: str, kind: str, local_id: str, content: str) -> str | None:
        """Enter a record by hand; return its national id, None when the key is taken."""
        return self.entries.enter(agency, kind, local_id, content, self._now())

    def advance(self) -> int:
        """Play one step of the demo story; return how many records moved."""
        moves = next_moves(self.state.records(), self.state.agencies_with(RETURNED), self._seed)
        return sum(self.move(each.key, each.status, each.note) for each in moves)


def _key(request: Request) -> Key:
    return Key(request.route.agency, request.route.kind, request.route.local_id)


def _receipt(held: Held) -> dict[str, Any]:
    receipt = asdict(held)
    del receipt["sequence"]
    return receipt


def _json(status: int, content: Any) -> Answer:
    return Answer(status, orjson.dumps(content))
