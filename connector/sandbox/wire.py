"""What the national side reads and writes: routes, requests, answers, problem+json.

Pure: values in, values out. A request that cannot be accepted raises `Refusal`, which carries the whole answer.
No message repeats a value that came in: the documents are personal, and so would the answer be.
May import: the standard library, orjson, jsonschema_rs, `core/model.py`.

Nouns: a *call* is what is asked for (put, withdraw, get, attach, look, manifest, feed, ack, catalogue, token); a
*route* is a path with the calls that it knows.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

from connector.core.model import KINDS

MAX_BODY_BYTES = 5_000_000
MAX_CONTENT_BYTES = 25_000_000
MAX_LOCAL_ID_BYTES = 128
MAX_VERSION = 2**31 - 1
MAX_PAGE = 500
MAX_CURSOR = 200
SCHEMA_VERSION = "1"
CHANGE_CAUSES = frozenset({"progress", "correction", "citizen_request", "reclassified", "void"})

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_VERSION = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
_LIMIT = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)
_SHA_256 = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):")
_HASH = re.compile(r"[0-9a-f]{64}")
_MEDIA = re.compile(r"[a-z]+/[a-z0-9.+-]{1,98}")
_LOCAL_ID = re.compile(r"[a-z0-9][a-z0-9._-]*:[^\s\x00-\x1f\x7f-\x9f:]+")
_KIND_NAMES = frozenset(str(kind) for kind in KINDS)


class Ending(StrEnum):
    """How an answer reaches the caller: whole, or as a bus in front of it would spoil it."""

    WHOLE = "whole"
    LOST = "lost"  # the connection closes before the first byte of the answer
    CUT = "cut"  # it closes in the middle of the body
    DRIPPING = "dripping"  # byte after byte, with pauses


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; `pause_s` is waited before it, or between its bytes when it drips."""

    status: int
    body: bytes = b""
    media: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    ending: Ending = Ending.WHOLE
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Route:
    """A known path: the calls it answers by method, and the record, agency or code list that it names."""

    calls: Mapping[str, str]
    agency: str = ""
    kind: str = ""
    local_id: str = ""
    catalogue: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived. `headers` is the WSGI environ: `header("X-Record-Version")` reads it."""

    method: str
    path: str
    query: str
    body: bytes
    route: Route
    headers: Mapping[str, Any] = field(repr=False)

    def header(self, name: str) -> str:
        """Return the header's value, or "" when it is absent."""
        name = name.upper().replace("-", "_")
        return str(self.headers.get(name if name == "CONTENT_TYPE" else f"HTTP_{name}", ""))


@dataclass(frozen=True, slots=True)
class Put:
    """A PUT, or a withdrawal, whose headers hold together with its body; `body` is parsed, not yet checked against its
    schema."""

    version: int
    digest: str
    idempotency_key: str
    change_cause: str
    body: Any


class Refusal(Exception):
    """The request is not accepted; `answer` is what to say instead."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer.status))
        self.answer = answer


def problem(
    status: int,
    name: str,
    detail: str = "",
    errors: tuple[dict[str, str], ...] = (),
    headers: tuple[tuple[str, str], ...] = (),
    **more: str | int,
) -> Answer:
    """Return an RFC 9457 answer of type `urn:kntc:problem:<name>`; `more` are its extension members."""
    content: dict[str, Any] = {
        "type": f"urn:kntc:problem:{name}",
        "title": HTTPStatus(status).phrase,
        "status": status,
    }
    if detail:
        content["detail"] = detail
    if errors:
        content["errors"] = errors
    content.update(more)
    return Answer(status, orjson.dumps(content), "application/problem+json", headers)


def error(pointer: str, rule: str, message: str) -> dict[str, str]:
    """Return one entry of `errors[]`."""
    return {"pointer": pointer, "rule": rule, "message": message}


def find_route(path: str) -> Route | None:
    """Return what a raw (still percent-encoded) path names, or None.

    The raw path, because a local_id may hold an encoded slash, which is no separator."""
    try:
        parts = [unquote(part, errors="strict") for part in path.split("/")]
    except UnicodeDecodeError:
        return None
    match parts:
        case ["", "v1", "agencies", agency, "status-updates"]:
            return Route({"GET": "feed"}, agency)
        case ["", "v1", "agencies", agency, "status-updates", "ack"]:
            return Route({"POST": "ack"}, agency)
        case ["", "v1", "agencies", agency, kind] if kind in _KIND_NAMES:
            return Route({"GET": "manifest"}, agency, kind)
        case ["", "v1", "agencies", agency, kind, local_id] if kind in _KIND_NAMES:
            return Route({"GET": "get", "PUT": "put"}, agency, kind, local_id)
        case ["", "v1", "agencies", agency, kind, local_id, "withdrawal"] if kind in _KIND_NAMES:
            return Route({"POST": "withdraw"}, agency, kind, local_id)
        case ["", "v1", "catalogues" | "attachments" as what, name]:
            return _shared_route(what, name)
        case ["", "oauth2", "token"]:
            return Route({"POST": "token"})
        case ["", "_sandbox", name]:
            return _desk_route(name)
    return None


def _shared_route(what: str, name: str) -> Route:
    """What lies under no agency's path: the token says who asks."""
    if what == "attachments":
        return Route({"HEAD": "look", "PUT": "attach"}, sha256=name)
    return Route({"GET": "catalogue"}, catalogue=name)


def _desk_route(name: str) -> Route | None:
    """What people ask the sandbox itself."""
    if name in ("effects", "log", "objects", "cases"):
        return Route({"GET": name})
    if name in ("move", "advance", "enter", "lose", "forget", "backup", "restore", "release"):
        return Route({"POST": name})
    return None


def raw_path(environ: Mapping[str, Any]) -> str:
    """Return the path as it was sent, without the query."""
    return str(environ["RAW_URI"]).partition("?")[0]


def read_request(environ: Mapping[str, Any], body: bytes, route: Route | None = None) -> tuple[Request, str]:
    """Return the request and the call that it asks for. Refuses 404 and, with `Allow`, 405.

    route: what the path names, where another profile has found that already."""
    path, query = raw_path(environ), str(environ["RAW_URI"]).partition("?")[2]
    method = str(environ["REQUEST_METHOD"])
    route = route or find_route(path)
    if route is None:
        raise Refusal(problem(404, "no-such-path"))
    call = route.calls.get(method)
    if call is None:
        allow = ", ".join(sorted(route.calls))
        raise Refusal(
            problem(
                405,
                "method-not-allowed",
                f"allowed: {allow}",
                headers=(("Allow", allow),),
            )
        )
    return Request(method, path, query, body, route, environ), call


def check_size(request: Request) -> None:
    """Refuse (413) a body above the bound; the server reads at most one byte more."""
    most = MAX_CONTENT_BYTES if request.route.sha256 else MAX_BODY_BYTES
    if len(request.body) > most:
        raise Refusal(problem(413, "too-large", f"at most {most} bytes"))


def check_local_id(local_id: str) -> None:
    """Refuse a local_id that is no `<source name>:<source key>` of at most 128 bytes."""
    if not _LOCAL_ID.fullmatch(local_id) or len(local_id.encode()) > MAX_LOCAL_ID_BYTES:
        raise Refusal(
            _bad(
                "local_id",
                "local-id",
                "expected <source>:<key>, at most 128 bytes, no white space",
            )
        )


def check_hash(sha256: str) -> None:
    """Refuse an address that is no SHA-256 in lower-case hexadecimal digits."""
    if not _HASH.fullmatch(sha256):
        raise Refusal(_bad("sha256", "sha256", "expected 64 lower-case hexadecimal digits"))


def read_content(request: Request) -> str:
    """Return the media type of a content whose bytes are those that the address and `Content-Digest` name."""
    media = request.header("Content-Type")
    if not _MEDIA.fullmatch(media):
        raise Refusal(problem(415, "unsupported-media-type", "expected the media type of the file, without parameters"))
    if _check_digest(request) != request.route.sha256:
        raise Refusal(
            problem(422, "invalid", errors=(error("", "sha256", "the content is not the one that the address names"),))
        )
    return media


def read_put(request: Request) -> Put:
    """Return the PUT once media type, size, headers, digest and JSON are right (415, 413, 400 otherwise)."""
    _expect_json(request)
    key = request.header("Idempotency-Key")
    if not _UUID.fullmatch(key):
        raise Refusal(_bad("Idempotency-Key", "header", "expected a UUID"))
    version = request.header("X-Record-Version")
    if not _VERSION.fullmatch(version) or int(version) > MAX_VERSION:
        raise Refusal(
            _bad(
                "X-Record-Version",
                "header",
                f"expected an integer from 1 to {MAX_VERSION}",
            )
        )
    if request.header("X-Schema-Version") != SCHEMA_VERSION:
        raise Refusal(_bad("X-Schema-Version", "header", f"expected {SCHEMA_VERSION}"))
    cause = request.header("X-Change-Cause")
    if cause not in CHANGE_CAUSES:
        raise Refusal(
            _bad(
                "X-Change-Cause",
                "header",
                "expected one of " + ", ".join(sorted(CHANGE_CAUSES)),
            )
        )
    digest = _check_digest(request)
    return Put(int(version), digest, key.lower(), cause, read_json(request.body))


def _check_digest(request: Request) -> str:
    """Return the SHA-256 hex of the body, which `Content-Digest` (RFC 9530) must state as well."""
    stated = _SHA_256.fullmatch(request.header("Content-Digest"))
    if stated is None:
        raise Refusal(_bad("Content-Digest", "header", "expected sha-256=:<base64>:"))
    real = hashlib.sha256(request.body).digest()
    if base64.b64decode(stated[1]) != real:
        raise Refusal(
            _bad(
                "Content-Digest",
                "content-digest",
                "the body is not the one that was signed for",
            )
        )
    return real.hex()


def read_cursor(request: Request) -> str:
    """Return the cursor of an acknowledgement: a JSON object with `cursor` and nothing else."""
    _expect_json(request)
    match read_json(request.body):
        case {"cursor": str(cursor), **others} if not others and 0 < len(cursor) <= MAX_CURSOR:
            return cursor
    raise Refusal(
        problem(
            422,
            "invalid",
            errors=(error("/cursor", "required", "expected one cursor"),),
        )
    )


def read_page_bounds(query: str) -> tuple[str, int]:
    """Return (`after`, `limit`) of a request for a page; absent `after` is "", absent `limit` is 100.

    A parameter that the contract does not have is refused: a misspelt `after` would begin anew."""
    try:
        given = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=10)
    except ValueError:
        raise Refusal(_bad("query", "query", "unreadable")) from None
    asked = dict(given)
    if len(asked) != len(given):
        raise Refusal(_bad("query", "query", "a parameter is given twice"))
    if asked.keys() - {"after", "limit"}:
        raise Refusal(_bad("query", "query", "only after and limit"))
    limit = asked.get("limit", "100")
    if not _LIMIT.fullmatch(limit) or int(limit) > MAX_PAGE:
        raise Refusal(_bad("limit", "query", f"expected an integer from 1 to {MAX_PAGE}"))
    after = asked.get("after", "")
    if len(after) > MAX_CURSOR:
        raise Refusal(_bad("after", "query", f"at most {MAX_CURSOR} characters"))
    return after, int(limit)


def read_json(body: bytes) -> Any:
    """Return the body as JSON, strictly (RFC 8259: UTF-8, no NaN); 400 otherwise."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refusal(_bad("body", "json", "the body is not JSON")) from None


def _expect_json(request: Request) -> None:
    if request.header("Content-Type").partition(";")[0].strip().lower() != "application/json":
        raise Refusal(problem(415, "unsupported-media-type", "expected application/json"))


def _bad(where: str, rule: str, message: str) -> Answer:
    return problem(400, "bad-request", where, (error("", rule, f"{where}: {message}"),))
