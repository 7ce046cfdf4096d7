"""Contents of attachments over `decree55`: streamed, named by their hash, and what each answer means."""

from __future__ import annotations

import base64
import hashlib
import threading
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime

import orjson
import pytest

from connector.core.model import VerdictName
from connector.national.base import Answer, Content, Failure, Fault, NationalSettings
from connector.national.decree55 import Decree55
from connector.national.decree55_contents import SLOWEST_BYTES_A_S, judge, submission
from tests.national.fault_server import FaultServer, Talk, answer, token_then

LARGE = 20_000_000
PIECE = bytes(256 * 1024)
SHA = "ab" * 32
TOKEN = answer(200, b'{"access_token":"t","token_type":"Bearer","expires_in":1800}')


def line(base_url: str) -> Decree55:
    settings = NationalSettings(
        environment="test", base_url=base_url, deadline_s=30, connect_timeout_s=30, allow_plain_http=True
    )
    return Decree55(settings, "H51.01", lambda: ("client", "secret"), threading.Event())


def pieces_of(size: int) -> Iterator[bytes]:
    while size > 0:
        yield PIECE[:size]
        size -= len(PIECE)


def hash_of(size: int) -> str:
    digest = hashlib.sha256()
    for piece in pieces_of(size):
        digest.update(piece)
    return digest.hexdigest()


def taking(talk: Talk) -> None:
    """Take every content, and echo the hash of what came."""
    while (received := talk.swallow()) is not None:
        talk.send(answer(201, orjson.dumps({"sha256": received.body.hex(), "size_bytes": 0})))


def test_a_content_of_20_mb_leaves_piece_by_piece_and_says_what_it_is() -> None:
    sha256 = hash_of(LARGE)
    with FaultServer((token_then(TOKEN, taking),)) as server:
        national = line(server.base_url)
        tracemalloc.start()
        try:
            taken = national.attach(
                Content(sha256, LARGE, "application/pdf", lambda: pieces_of(LARGE)), look_first=False
            )
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            national.close()
        (received,) = [one for one in server.received if one.method == "PUT"]
    assert (taken.verdict.name, taken.verdict.rule, taken.http_status) == (VerdictName.DELIVERED, "echoed", 201)
    assert received.target == f"/v1/attachments/{sha256}"
    assert received.headers["content-length"] == str(LARGE)
    assert received.headers["content-type"] == "application/pdf"
    assert "transfer-encoding" not in received.headers
    digest = base64.b64encode(bytes.fromhex(sha256)).decode()
    assert received.headers["content-digest"] == f"sha-256=:{digest}:"
    assert peak < 4_000_000


class GoneError(Exception):
    """The file is another by now."""


def test_a_content_that_breaks_off_is_no_request_and_the_line_goes_on() -> None:
    def breaking() -> Iterator[bytes]:
        yield PIECE
        raise GoneError

    with FaultServer((token_then(TOKEN, taking), taking)) as server:
        national = line(server.base_url)
        with pytest.raises(GoneError):
            national.attach(Content(SHA, 2 * len(PIECE), "application/pdf", breaking), look_first=False)
        size = len(PIECE)
        taken = national.attach(
            Content(hash_of(size), size, "application/pdf", lambda: pieces_of(size)), look_first=False
        )
        national.close()
        assert taken.verdict.name is VerdictName.DELIVERED
        assert [one.method for one in server.received] == ["POST", "PUT"]


def test_the_time_that_is_allowed_grows_with_the_size() -> None:
    content = Content(SHA, LARGE, "application/pdf", lambda: pieces_of(LARGE))
    assert submission(content).extra_s == pytest.approx(LARGE / SLOWEST_BYTES_A_S)


def said(status: int, body: bytes = b"{}", media: str = "application/problem+json") -> Answer:
    return Answer(status, {"content-type": media, "retry-after": "7"}, body, datetime(2026, 3, 2, tzinfo=UTC))


@pytest.mark.parametrize(
    ("reply", "name", "rule"),
    [
        (Failure(Fault.CONNECT, sent=False), "hold", "nothing_sent:connect"),
        (Failure(Fault.TIMEOUT, sent=True), "unknown", "answer_lost:timeout"),
        (said(201, orjson.dumps({"sha256": SHA}), "application/json"), "delivered", "echoed"),
        (said(200, orjson.dumps({"sha256": "cd" * 32}), "application/json"), "unknown", "no_echo"),
        (said(200, b"<html>", "text/html"), "unknown", "no_echo"),
        (said(302), "unknown", "redirected"),
        (said(401), "hold", "unauthorised"),
        (said(403), "hold", "forbidden"),
        (said(429), "hold", "busy"),
        (said(503), "hold", "busy"),
        (said(425), "retry", "too_early"),
        (said(422), "rejected", "refused"),
        (said(415), "rejected", "refused"),
        (said(415, media="text/html"), "unknown", "unmatched"),
        (said(413, media="text/html"), "rejected", "too_large"),
        (said(404), "rejected", "not_served"),
        (said(404, media="text/html"), "unknown", "unmatched"),
        (said(502, media="text/html"), "unknown", "server_failed"),
        (said(409), "unknown", "unmatched"),
    ],
)
def test_each_answer_has_its_meaning(reply: Answer | Failure, name: str, rule: str) -> None:
    verdict = judge(reply, SHA)
    assert (verdict.name, verdict.rule) == (name, rule)
    assert verdict.retry_after_s == (7.0 if name in ("hold", "retry") and isinstance(reply, Answer) else None)
