"""The calls of the national side as a WSGI application: who asks, what is played, what is written down.

Plain WSGI, because a framework's router decodes `%2F` in a local_id to a separator before one can look.
Whatever is answered, or lost on purpose, stands in the request log before its first byte leaves.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import orjson

from connector.sandbox.documents import Documents
from connector.sandbox.faults import FaultPlan, FaultRule, answer_instead, spoil
from connector.sandbox.script import next_moves
from connector.sandbox.server import hang_up
from connector.sandbox.state import (
    Held,
    Key,
    LogLine,
    NationalState,
    Repeats,
    Stored,
    timestamp,
)
from connector.sandbox.tokens import Tokens
from connector.sandbox.wire import (
    MAX_BODY_BYTES,
    Answer,
    Ending,
    Put,
    Refusal,
    Request,
    check_local_id,
    problem,
    read_cursor,
    read_json,
    read_page_bounds,
    read_put,
    read_request,
)

ACTING_AGENCY = "TTCP"
_ADMIN_PAGE = 1000


class NationalSide:
    """The WSGI application. `plan` may be replaced while it runs; `stop` ends every pause at once."""

    def __init__(
        self,
        state: NationalState,
        tokens: Tokens,
        documents: Documents,
        plan: FaultPlan,
        now: Callable[[], datetime],
        seed: int,
        idempotent_create: bool,
    ) -> None:
        self.state = state
        self.tokens = tokens
        self.plan = plan
        self.now = now
        self.stop = threading.Event()
        self._documents = documents
        self._seed = seed
        self._idempotent_create = idempotent_create
        self._cursor_key = hashlib.sha256(f"cursor {state.identity}".encode()).digest()

    def __call__(self, environ: Mapping[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        body: bytes = environ["wsgi.input"].read()
        try:
            request, call = read_request(environ, body)
        except Refusal as refusal:
            answer = refusal.answer
            self._log_stray(environ, answer.status)
        else:
            answer = self._admin(call, request) if call in _ADMIN else self._national(call, request)
        phrase = f"{answer.status} {HTTPStatus(answer.status).phrase}"
        headers = [*answer.headers]
        if answer.status != 204:
            headers += [
                ("Content-Type", answer.media),
                ("Content-Length", str(len(answer.body))),
            ]
        start_response(phrase, headers)
        return self._send(answer, environ)

    def _send(self, answer: Answer, environ: Mapping[str, Any]) -> Iterator[bytes]:
        match answer.ending:
            case Ending.LOST:
                hang_up(environ["werkzeug.socket"])
            case Ending.CUT:
                yield answer.body[: len(answer.body) // 2]
                hang_up(environ["werkzeug.socket"])
            case Ending.DRIPPING:
                for at in range(len(answer.body)):
                    self.stop.wait(answer.pause_s)
                    yield answer.body[at : at + 1]
            case Ending.WHOLE:
                if answer.pause_s:
                    self.stop.wait(answer.pause_s)
                yield answer.body

    # -- the five calls ------------------------------------------------------------------------------------------

    def _national(self, call: str, request: Request) -> Answer:
        """Answer one call, played with the fault that strikes it, and write it down."""
        put: Put | None = None
        rule: FaultRule | None = None
        try:
            if len(request.body) > MAX_BODY_BYTES:
                raise Refusal(problem(413, "too-large", f"at most {MAX_BODY_BYTES} bytes"))
            if call != "token":
                self.tokens.admit(request, self.now())
            if call == "put":
                put = self._read_document(request)
            route = request.route
            rule = self.plan.strike(call, route.agency, route.kind, route.local_id)
            answer = self._play(rule, call, request, put)
        except Refusal as refusal:
            answer = refusal.answer
        self._write_down(request, put, answer.status, rule.what if rule else "")
        return answer

    def _play(self, rule: FaultRule | None, call: str, request: Request, put: Put | None) -> Answer:
        if rule is None:
            return self._carry_out(call, request, put)
        if (instead := answer_instead(rule, self.now())) is not None:
            if rule.what == "expire_token":
                self.tokens.forget(request)
            return instead
        if rule.what == "latency":
            self.stop.wait(rule.latency_s)
        return spoil(rule, self._carry_out(call, request, put))

    def _carry_out(self, call: str, request: Request, put: Put | None) -> Answer:
        match call:
            case "put":
                assert put is not None
                return self._put(request, put)
            case "get":
                return self._get(request)
            case "feed":
                return self._feed(request)
            case "ack":
                return self._acknowledge(request)
            case _:
                return self.tokens.issue(request, self.now())

    def _read_document(self, request: Request) -> Put:
        route = request.route
        check_local_id(route.local_id)
        put = read_put(request)
        self._documents.accept(route.agency, route.kind, route.local_id, put.body)
        return put

    def _put(self, request: Request, put: Put) -> Answer:
        stored, held = self.state.put(
            _key(request),
            put.version,
            put.digest,
            self.now(),
            idempotent=self._idempotent_create,
        )
        match stored:
            case Stored.OLDER:
                return problem(409, "older-version", version=held.version, digest=held.digest)
            case Stored.OTHER:
                return problem(409, "other-digest", version=held.version, digest=held.digest)
            case Stored.CREATED | Stored.REPEATED:
                return _json(201, _echo(held))
        return _json(200, _echo(held))

    def _get(self, request: Request) -> Answer:
        check_local_id(request.route.local_id)
        held = self.state.get(_key(request))
        if held is None:
            return problem(404, "absent")
        return _json(200, {**_echo(held), "sequence": held.sequence})

    def _feed(self, request: Request) -> Answer:
        after, limit = read_page_bounds(request.query)
        agency = request.route.agency
        start = self._position(agency, after) if after else 0
        items, more = self.state.feed(agency, start, limit)
        content = [asdict(item) | {"acting_agency": ACTING_AGENCY} for item in items]
        for each in content:
            del each["position"]
        end = items[-1].position if items else start
        return _json(200, {"items": content, "next": self.cursor(agency, end), "more": more})

    def _acknowledge(self, request: Request) -> Answer:
        agency = request.route.agency
        self.state.acknowledge(agency, self._position(agency, read_cursor(request)))
        return Answer(204)

    def cursor(self, agency: str, position: int) -> str:
        """Return the opaque cursor of a place in this agency's feed. Another state's cursors count as expired."""
        sealed = hmac.digest(self._cursor_key, f"{agency} {position}".encode(), "sha256")[:12]
        return base64.urlsafe_b64encode(sealed + position.to_bytes(6, "big")).decode()

    def _position(self, agency: str, cursor: str) -> int:
        try:
            position = int.from_bytes(base64.urlsafe_b64decode(cursor)[12:], "big")
        except ValueError:
            position = -1
        known = 0 <= position <= self.state.feed_end() and self.cursor(agency, position) == cursor
        if not known:
            raise Refusal(problem(410, "cursor-expired", "follow the feed from its beginning"))
        return position

    # -- the log, and what people ask the sandbox itself ----------------------------------------------------------

    def _write_down(self, request: Request, put: Put | None, status: int, fault: str) -> None:
        route = request.route
        version = put.version if put else 0
        digest = put.digest if put else ""
        line = LogLine(
            0, timestamp(self.now()), request.method, request.path, *_key(request), version, digest,
            request.header("Idempotency-Key")[:64], status, fault,
        )  # fmt: skip
        self.state.append_log(line, request.body if "put" in route.calls.values() else b"")

    def _log_stray(self, environ: Mapping[str, Any], status: int) -> None:
        """Write down a request for no known path or method; of the path only that."""
        line = LogLine(
            0,
            timestamp(self.now()),
            environ["REQUEST_METHOD"],
            "",
            "",
            "",
            "",
            0,
            "",
            "",
            status,
            "",
        )
        self.state.append_log(line, b"")

    def _admin(self, call: str, request: Request) -> Answer:
        """Answer what people ask on loopback: effects, log, move, advance. Neither logged nor in the OpenAPI."""
        try:
            return _ADMIN[call](self, request)
        except Refusal as refusal:
            return refusal.answer

    def _show_effects(self, request: Request) -> Answer:
        return _json(
            200,
            [{**effect._asdict(), "effects": n} for effect, n in self.state.effects().items()],
        )

    def _show_log(self, request: Request) -> Answer:
        after = dict(parse_qsl(request.query)).get("after", "0")
        if not after.isdecimal() or len(after) > 15:
            raise Refusal(problem(400, "bad-request", "after: expected the seq of a line"))
        return _json(200, [asdict(line) for line in self.state.log(int(after), _ADMIN_PAGE)])

    def _move(self, request: Request) -> Answer:
        match _read_admin(request):
            case {
                "agency": str(agency),
                "kind": str(kind),
                "local_id": str(local_id),
                "status": str(status),
                **others,
            }:
                note = others.get("note")
                if self.move(
                    Key(agency, kind, local_id),
                    status,
                    note if isinstance(note, str) else "",
                ):
                    return Answer(204)
                raise Refusal(problem(404, "absent"))
        raise Refusal(
            problem(
                422,
                "invalid",
                "expected agency, kind, local_id, status and, if any, note",
            )
        )

    def _advance(self, request: Request) -> Answer:
        _read_admin(request)
        return _json(200, {"moved": self.advance()})

    def move(self, key: Key, status: str, note: str) -> bool:
        """Give a record a status, with an event in its agency's feed; False when it is not held."""
        rule = self.plan.strike_event(*key)
        return self.state.move(key, status, note, self.now(), Repeats(rule.what) if rule else Repeats.ONCE)

    def advance(self) -> int:
        """Play one step of the demo story; return how many records moved."""
        moves = next_moves(
            self.state.records(),
            self.state.agencies_with("returned_for_correction"),
            self._seed,
        )
        return sum(self.move(each.key, each.status, each.note) for each in moves)


_ADMIN: Mapping[str, Callable[[NationalSide, Request], Answer]] = {
    "effects": NationalSide._show_effects,
    "log": NationalSide._show_log,
    "move": NationalSide._move,
    "advance": NationalSide._advance,
}


def _read_admin(request: Request) -> Any:
    """Return the JSON body. The media type keeps a web page in somebody's browser from sending it unasked."""
    if request.header("Content-Type").partition(";")[0].strip() != "application/json":
        raise Refusal(problem(415, "unsupported-media-type", "expected application/json"))
    return read_json(request.body)


def _key(request: Request) -> Key:
    return Key(request.route.agency, request.route.kind, request.route.local_id)


def _echo(held: Held) -> dict[str, str | int]:
    return {
        "national_id": held.national_id,
        "version": held.version,
        "digest": held.digest,
        "received_at": held.received_at,
        "status": held.status,
    }


def _json(status: int, content: Any) -> Answer:
    return Answer(status, orjson.dumps(content))
