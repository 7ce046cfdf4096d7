"""What people ask a running sandbox itself, under `/_sandbox`: effects, log, move, advance, enter, lose,
forget, backup, restore; objects, cases, release.

On loopback, without a token; neither in the request log nor in the OpenAPI, because no national system has it.
"""

from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import orjson

from connector.core.model import KINDS
from connector.sandbox.national_side import NationalSide
from connector.sandbox.ttcp2018.case_side import CaseSide
from connector.sandbox.values import Key
from connector.sandbox.wire import Answer, Refusal, Request, problem, read_json

CALLS = frozenset(
    {"effects", "log", "move", "advance", "enter", "lose", "forget", "backup", "restore", "objects", "cases", "release"}
)
_PAGE = 1000
_MAX_DIGITS = 15


def answer(side: NationalSide, case_side: CaseSide, call: str, request: Request) -> Answer:
    """Answer one of CALLS. Refuses what it cannot read, and what cannot be done with what is held."""
    match call:
        case "enter" | "lose" | "forget" | "backup" | "restore":
            return _behind_their_backs(side, call, _read_body(request))
        case "effects":
            return _json([{**effect._asdict(), "effects": count} for effect, count in side.state.effects().items()])
        case "log":
            return _json([asdict(line) for line in side.state.log(_read_after(request), _PAGE)])
        case "advance":
            _read_body(request)
            return _json({"moved": side.advance()})
        case "objects":
            made = case_side.cases.objects()
            return _json([{**record._asdict(), "objects": count} for record, count in made.items()])
        case "cases":
            return _json(_cases(case_side))
        case "release":
            _read_body(request)
            return _json({"released": case_side.release_late()})
    key, status, note = _read_move(request)
    if not side.move(key, status, note):
        raise Refusal(problem(404, "absent"))
    return Answer(HTTPStatus.NO_CONTENT)


def _behind_their_backs(side: NationalSide, call: str, body: Any) -> Answer:
    """Change what is held as no agency could: enter a record by hand, lose one, forget events, restore."""
    match call, body:
        case "enter", {"agency": str(agency), "kind": str(kind), **others} if kind in KINDS:
            national_id = side.enter(agency, kind, str(others.get("local_id", "")), str(others.get("content", "")))
            if national_id is None:
                raise Refusal(problem(409, "taken"))
            return _json({"national_id": national_id})
        case "lose", {"agency": str(agency), "kind": str(kind), "local_id": str(local_id)}:
            if not side.entries.lose(Key(agency, kind, local_id)):
                raise Refusal(problem(404, "absent"))
        case "forget", _:
            side.horizon.forget()
        case "backup", _:
            side.backup = side.state.snapshot()
        case "restore", _:
            if not side.backup:
                raise Refusal(problem(404, "no-backup", "none was made since the sandbox started"))
            side.state.restore(side.backup)
        case _:
            raise Refusal(problem(422, "invalid", "expected agency, kind and, to lose a record, local_id"))
    return Answer(HTTPStatus.NO_CONTENT)


def _cases(case_side: CaseSide) -> list[dict[str, Any]]:
    """Return the cases without their people and contents, each with its steps."""
    steps: dict[str, list[dict[str, str]]] = {}
    for step in case_side.cases.steps_of(""):
        steps.setdefault(step.case_id, []).append({"id": step.id, "kind": step.kind})
    return [
        {
            "id": case.id,
            "agency": case.agency,
            "entered_by": case.entered_by,
            "papers": len(case.contents),
            "steps": steps.get(case.id, []),
        }
        for case in case_side.cases.all_of("")
    ]


def _read_after(request: Request) -> int:
    after = dict(parse_qsl(request.query)).get("after", "0")
    if not after.isdecimal() or len(after) > _MAX_DIGITS:
        raise Refusal(problem(400, "bad-request", "after: expected the seq of a line"))
    return int(after)


def _read_move(request: Request) -> tuple[Key, str, str]:
    match _read_body(request):
        case {"agency": str(agency), "kind": str(kind), "local_id": str(local_id), "status": str(status), **others}:
            return Key(agency, kind, local_id), status, str(others.get("note", ""))
    raise Refusal(problem(422, "invalid", "expected agency, kind, local_id, status and, if any, note"))


def _read_body(request: Request) -> Any:
    """Return the JSON body. The media type keeps a page in somebody's browser from sending it unasked."""
    if request.header("Content-Type").partition(";")[0].strip() != "application/json":
        raise Refusal(problem(415, "unsupported-media-type", "expected application/json"))
    return read_json(request.body)


def _json(content: Any) -> Answer:
    return Answer(HTTPStatus.OK, orjson.dumps(content))
