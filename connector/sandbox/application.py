"""The sandbox as a WSGI application: requests in, answers out, also those that are to be lost or spoilt on the way.

Plain WSGI, because a framework's router decodes `%2F` in a local_id to a separator before one can look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from connector.sandbox import desk
from connector.sandbox.national_side import NationalSide
from connector.sandbox.server import hang_up
from connector.sandbox.ttcp2018.case_side import CaseSide
from connector.sandbox.wire import Answer, Ending, Refusal, Route, raw_path, read_request


class Application:
    """Routes each request to the side of its profile, or to the desk where people ask the sandbox itself."""

    def __init__(self, side: NationalSide, case_side: CaseSide) -> None:
        self._side = side
        self._case_side = case_side

    def __call__(self, environ: Mapping[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        """Answer one request (PEP 3333). A lost or cut answer closes the connection under the server."""
        answer = self._answer(environ)
        headers = list(answer.headers)
        if answer.status != HTTPStatus.NO_CONTENT:
            headers += [("Content-Type", answer.media), ("Content-Length", str(len(answer.body)))]
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
        return self._send(answer, environ)

    def _answer(self, environ: Mapping[str, Any]) -> Answer:
        body = environ["wsgi.input"].read()
        operation = self._case_side.bus.operation(raw_path(environ))
        try:
            if operation:
                request, _ = read_request(environ, body, Route({"POST": operation}))
                return self._case_side.answer(operation, request)
            request, call = read_request(environ, body)
            if call in desk.CALLS:
                return desk.answer(self._side, self._case_side, call, request)
        except Refusal as refusal:
            return refusal.answer
        return self._side.answer(call, request)

    def _send(self, answer: Answer, environ: Mapping[str, Any]) -> Iterator[bytes]:
        match answer.ending:
            case Ending.LOST:
                hang_up(environ["werkzeug.socket"])
            case Ending.CUT:
                yield answer.body[: len(answer.body) // 2]
                hang_up(environ["werkzeug.socket"])
            case Ending.DRIPPING:
                for at in range(len(answer.body)):
                    self._side.stop.wait(answer.pause_s)
                    yield answer.body[at : at + 1]
            case Ending.WHOLE:
                if answer.pause_s:
                    self._side.stop.wait(answer.pause_s)
                yield answer.body
