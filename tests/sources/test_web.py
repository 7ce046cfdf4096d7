"""Files on web servers that break HTTP, or lead elsewhere, on purpose: real sockets on loopback, no sleep."""

from __future__ import annotations

import gzip
import hashlib
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from connector.core.model import Fate, SourceFile
from connector.core.web_addresses import read_allowed
from connector.errors import SourceError
from connector.sources.folder import PIECE_BYTES, ChangedError, Limits
from connector.sources.web import PATIENCE, Web
from tests.national import fault_server as faults
from tests.national.fault_server import FaultServer, Script, Talk, answer, answering

PDF = b"%PDF-1.7\n"
SHORT_S = 0.3  # where the deadline itself is looked at
AMPLE_S = 30.0
MAX_BYTES = 4 * PIECE_BYTES

Opened = Callable[..., Web]


@pytest.fixture
def opened() -> Iterator[Opened]:
    made: list[Web] = []

    def open_web(server: FaultServer, read_s: float = AMPLE_S, folder: str = "/kntc/") -> Web:
        allowed = read_allowed(server.base_url + folder)
        assert allowed is not None
        made.append(Web([allowed], "H99.01", Limits(max_bytes=MAX_BYTES), read_s))
        return made[-1]

    yield open_web
    for web in made:
        web.close()


def named(server: FaultServer, path: str = "/kntc/a.pdf") -> SourceFile:
    return SourceFile(server.base_url + path, Fate.NAMED)


def test_a_file_is_hashed_and_told_by_its_bytes_over_one_connection(opened: Opened) -> None:
    content = PDF + bytes(2 * PIECE_BYTES)
    heads = {"ETag": '"7"'}
    script = answering(
        b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\nETag: "7"\r\n\r\n' % len(content),
        answer(200, content, "text/html", **heads),
        answer(200, content, "text/html", **heads),
    )
    with FaultServer((script,)) as server:
        web = opened(server)
        seen = web.look(named(server))
        assert (seen.fate, seen.size_bytes) == (Fate.NAMED, len(content))
        found = web.read(seen)
        assert (found.fate, found.media_type) == (Fate.READY, "application/pdf")
        assert found.sha256 == hashlib.sha256(content).hexdigest()
        assert (found.size_bytes, found.modified_ns) == (seen.size_bytes, seen.modified_ns)
        pieces = list(web.pieces(found.path, found.size_bytes, found.sha256))
        assert b"".join(pieces) == content
        assert max(map(len, pieces)) <= PIECE_BYTES
        web.close()
    assert [one.method for one in server.received] == ["HEAD", "GET", "GET"]
    assert {one.headers["accept-encoding"] for one in server.received} == {"identity"}
    assert server.connections == 1


def test_an_answer_in_chunks_is_read_and_one_that_closes_without_saying_so_is_not(opened: Opened) -> None:
    """Without a length nobody could tell a file that was cut off from a shorter one."""
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n" + PDF + b"\r\n0\r\n\r\n"

    def closing(talk: Talk) -> None:
        talk.receive()
        talk.send(b"HTTP/1.0 200 OK\r\n\r\n" + PDF)

    with FaultServer((answering(chunked), closing)) as server:
        web = opened(server)
        assert web.read(named(server)).sha256 == hashlib.sha256(PDF).hexdigest()
        web.close()
        assert web.read(named(server)).fate is Fate.UNREADABLE


def test_a_server_of_the_last_century_that_closes_after_each_answer_is_read(opened: Opened) -> None:
    def closing(talk: Talk) -> None:
        talk.receive()
        talk.send(b"HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\n" + PDF)

    with FaultServer((closing,)) as server:
        web = opened(server)
        assert [web.read(named(server)).fate for _ in range(3)] == [Fate.READY] * 3


def chunk(length: bytes) -> Script:
    return answering(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + length + b"\r\n" + PDF + b"\r\n0\r\n\r\n"
    )


def endless_chunk(talk: Talk) -> None:
    """A chunk of a length below zero, which http.client would read to the end of the connection."""
    talk.receive()
    talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n")
    while not talk.wait(0):
        talk.send(b" " * 65_536)


def endless_heads(talk: Talk) -> None:
    talk.receive()
    talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n" + PDF + b"\r\n0\r\n")
    while not talk.wait(0):
        talk.send(b"X-More: 0123456789\r\n" * 4_096)


def short_chunk(talk: Talk) -> None:
    talk.receive()
    talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n" + PDF)


BOMB = gzip.compress(PDF + bytes(50_000_000))

BAD: dict[str, tuple[Script, Fate]] = {
    "redirect to the metadata of a cloud": (faults.redirect_to("http://169.254.169.254/latest/", 302), Fate.UNREADABLE),
    "redirect to the same server": (faults.redirect_to("/kntc/b.pdf", 301), Fate.UNREADABLE),
    "gzip bomb": (answering(answer(200, BOMB, Content_Encoding="gzip")), Fate.UNREADABLE),
    "gzip in transfer": (answering(answer(200, BOMB, Transfer_Encoding="gzip")), Fate.UNREADABLE),
    "multi-part": (answering(answer(206, PDF)), Fate.UNREADABLE),
    "not there": (answering(answer(404)), Fate.ABSENT),
    "gone": (answering(answer(410)), Fate.ABSENT),
    "forbidden": (answering(answer(403, b"no")), Fate.UNREADABLE),
    "down": (answering(answer(503)), Fate.UNREADABLE),
    "page of a firewall": (faults.html_page, Fate.TYPE),
    "empty": (answering(answer(200)), Fate.EMPTY),
    "too large": (answering(answer(200, PDF + bytes(MAX_BYTES))), Fate.TOO_LARGE),
    "larger than it says": (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" + PDF), Fate.TYPE),
    "short": (faults.short_body, Fate.UNREADABLE),
    "short file": (answering(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n" + PDF), Fate.UNREADABLE),
    "two lengths": (answering(answer(200, PDF, Content_Length="5")), Fate.UNREADABLE),
    "endless without a length": (faults.huge_body, Fate.UNREADABLE),
    "endless chunk": (endless_chunk, Fate.UNREADABLE),
    "endless trailers": (endless_heads, Fate.UNREADABLE),
    "chunk of no length": (chunk(b"zz"), Fate.UNREADABLE),
    "chunk far below zero": (chunk(b"-" + b"f" * 30), Fate.UNREADABLE),
    "chunk cut off": (short_chunk, Fate.UNREADABLE),
    "many heads": (faults.many_headers, Fate.UNREADABLE),
    "no HTTP": (faults.no_http, Fate.UNREADABLE),
    "cut": (faults.cut_after_request, Fate.UNREADABLE),
    "reset": (faults.reset_mid_body, Fate.UNREADABLE),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_one_whole_file_never_goes_and_leads_nowhere_else(name: str, opened: Opened) -> None:
    script, fate = BAD[name]
    with FaultServer((script,)) as server:
        web = opened(server)
        found = web.read(named(server))
        assert (found.fate, found.sha256) == (fate, "")
        wanted, given = PDF + b"!", list[bytes]()
        with pytest.raises(ChangedError):
            given.extend(web.pieces(found.path, len(wanted), hashlib.sha256(wanted).hexdigest()))
        assert len(b"".join(given)) < len(wanted)
        web.close()
    assert {one.target for one in server.received} <= {"/kntc/a.pdf"}


@pytest.mark.parametrize(
    "script", [faults.drip_headers, faults.drip_body, faults.drip_interim_answers, faults.never_answers]
)
def test_a_server_that_drips_takes_no_longer_than_it_may(script: Script, opened: Opened) -> None:
    with FaultServer((script,)) as server:
        web = opened(server, SHORT_S)
        started = time.monotonic()
        assert web.read(named(server)).fate is Fate.UNREADABLE
        assert time.monotonic() - started < AMPLE_S


@pytest.mark.parametrize(
    "path",
    ["/khac/a.pdf", "/kntc/../khac/a.pdf", "/kntc/%2e%2e/khac/a.pdf", "/kntc/a.pdf\r\nX: y", "/kntc/a.pdf#x", "/kntc"],
)
def test_what_is_not_on_the_list_is_never_asked_for(path: str, opened: Opened) -> None:
    with FaultServer((answering(answer(200, PDF)),)) as server:
        web = opened(server)
        elsewhere = [
            named(server, path).path,
            f"http://127.0.0.1:{server.port}@localhost:{server.port}/kntc/a.pdf",
            f"http://localhost:{server.port}/kntc/a.pdf",  # the list says 127.0.0.1
        ]
        for place in elsewhere:
            file = SourceFile(place, Fate.NAMED)
            assert web.look(file).fate is web.read(file).fate is Fate.UNSAFE
            with pytest.raises(ChangedError):
                list(web.pieces(place, len(PDF), hashlib.sha256(PDF).hexdigest()))
    assert server.connections == 0


@pytest.mark.parametrize(
    ("head", "fate", "is_told"),
    [
        (answer(200, b"", Last_Modified="Mon, 05 Jan 2026 07:00:00 GMT"), Fate.NAMED, False),
        (b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\nETag: W/"1"\r\n\r\n', Fate.NAMED, True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", Fate.NAMED, False),
        (b'HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\nETag: "1"\r\n\r\n', Fate.TOO_LARGE, True),
        (answer(405), Fate.NAMED, False),
        (answer(404), Fate.ABSENT, False),
        (answer(503), Fate.LATER, False),
        (b"SSH-2.0\r\n\r\n", Fate.LATER, False),
    ],
)
def test_looking_tells_of_a_change_only_where_the_server_does(
    head: bytes, fate: Fate, is_told: bool, opened: Opened
) -> None:
    with FaultServer((answering(head),)) as server:
        web = opened(server)
        seen = web.look(named(server))
        assert (seen.fate, bool(seen.modified_ns)) == (fate, is_told)
        web.close()


def test_a_connection_that_its_server_dropped_is_replaced(opened: Opened) -> None:
    def once(talk: Talk) -> None:
        talk.receive()
        talk.send(answer(200, PDF))

    with FaultServer((once,)) as server:
        web = opened(server)
        for _ in range(3):
            assert web.read(named(server)).fate is Fate.READY
            assert server.wait_for_closed()
    assert server.connections == 3


def test_a_server_that_is_away_stops_the_reading_and_no_address_is_told(opened: Opened) -> None:
    with FaultServer((answering(answer(200, PDF)),)) as server:
        web = opened(server)
        web.check()
        web.close()
    for ask in (web.check, lambda: web.look(named(server)), lambda: web.read(named(server))):
        with pytest.raises(SourceError) as caught:
            ask()
        assert caught.value.id == "E-SOURCE-FILE-WEB"
        assert str(server.port) not in str(caught.value.values)
        assert caught.value.__cause__ is None


def test_a_server_that_fails_again_and_again_counts_as_away(opened: Opened) -> None:
    with FaultServer((answering(answer(503)),)) as server:
        web = opened(server)
        for _ in range(PATIENCE - 1):
            assert web.look(named(server)).fate is Fate.LATER
        with pytest.raises(SourceError):
            web.look(named(server))
        web.close()


def test_no_proxy_of_the_environment_is_asked(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer((answering(answer(200, PDF)),)) as server, FaultServer((answering(answer(200, b"x")),)) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.base_url)
        web = opened(server)
        assert web.read(named(server)).fate is Fate.READY
        web.close()
    assert proxy.connections == 0


@pytest.mark.parametrize("is_trusted", [True, False])
def test_a_certificate_of_an_authority_that_the_machine_does_not_trust_gets_nothing(
    is_trusted: bool, tmp_path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    (authority if is_trusted else trustme.CA()).cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with FaultServer((answering(answer(200, PDF)),), tls=context) as server:
        web = opened(server)
        if is_trusted:
            assert web.read(named(server)).fate is Fate.READY
        else:
            with pytest.raises(SourceError):
                web.read(named(server))
        web.close()
    assert len(server.received) == int(is_trusted)


def test_a_file_of_another_fate_is_left_as_it_is(opened: Opened) -> None:
    with FaultServer((answering(answer(200, PDF)),)) as server:
        web = opened(server)
        kept = replace(named(server), fate=Fate.NOT_REDACTED, path="")
        assert web.look(kept) == web.read(kept) == kept
    assert server.connections == 0
