"""The transport against sockets that break HTTP on purpose. Real loopback, small limits, no sleep."""

from __future__ import annotations

import logging
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from connector.errors import ConfigError
from connector.national.base import Answer, Failure, Fault, NationalSettings, Reply, Request
from connector.national.transport import Transport
from tests.national import fault_server as faults
from tests.national.fault_server import FaultServer, Script, answer, answering

AMPLE_S = 30.0  # where an answer is expected: a busy machine must not make it late
SHORT_S = 0.3  # where the deadline itself is looked at; what is cut there has no end of its own
PUT = Request("PUT", "/v1/agencies/T/petition/a%3A1%2F2", {"X-Record-Version": "3"}, b'{"a":1}')
OK = answer(200, b'{"ok":true}')

Opened = Callable[..., Transport]


def settings(base_url: str, deadline_s: float = AMPLE_S) -> NationalSettings:
    return NationalSettings(
        environment="test",
        base_url=base_url,
        deadline_s=deadline_s,
        connect_timeout_s=deadline_s,
        max_answer_bytes=100_000,
        allow_plain_http=True,
        user_agent="kntc-connector/test",
    )


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Make transports that are closed at the end of the test."""
    transports: list[Transport] = []

    def open_(base_url: str, ca_file: Path | None = None, deadline_s: float = AMPLE_S, **options: object) -> Transport:
        stop = options.pop("stop", threading.Event())
        wanted = replace(settings(base_url, deadline_s), ca_file=ca_file)
        transports.append(Transport(wanted, stop, **options))  # type: ignore[arg-type]
        return transports[-1]

    yield open_
    for transport in transports:
        transport.close()


def exchange_with(script: Script, opened: Opened, request: Request = PUT, deadline_s: float = AMPLE_S) -> Reply:
    with FaultServer((script,)) as server:
        return opened(server.base_url, deadline_s=deadline_s).exchange(request)


def test_a_request_arrives_as_it_was_built_and_the_answer_comes_back_raw(opened: Opened) -> None:
    with FaultServer((answering(answer(201, b'{"ok":true}', X_One="1")),)) as server:
        reply = opened(server.base_url).exchange(PUT)

    assert isinstance(reply, Answer)
    assert (reply.status, reply.body, reply.headers["x-one"]) == (201, b'{"ok":true}', "1")
    (received,) = server.received
    assert (received.method, received.target, received.body) == ("PUT", PUT.path, PUT.body)
    assert received.headers["x-record-version"] == "3"
    assert received.headers["accept-encoding"] == "identity"
    assert received.headers["user-agent"] == "kntc-connector/test"


def test_a_path_in_front_of_the_bus_and_a_query_are_kept(opened: Opened) -> None:
    with FaultServer((answering(OK),)) as server:
        opened(f"{server.base_url}/bus/").exchange(Request("GET", "/v1/x?after=a%2Bb&limit=1"))

    assert server.received[0].target == "/bus/v1/x?after=a%2Bb&limit=1"


def test_a_connection_is_used_again_and_a_stale_one_is_not(opened: Opened) -> None:
    def once(talk: faults.Talk) -> None:
        talk.receive()
        talk.send(OK)

    with FaultServer((answering(OK),)) as server:
        transport = opened(server.base_url)
        for _ in range(3):
            assert isinstance(transport.exchange(PUT), Answer)
        assert server.connections == 1
    with FaultServer((once,)) as server:
        transport = opened(server.base_url)
        transport.exchange(PUT)
        assert server.wait_for_closed()
        assert isinstance(transport.exchange(PUT), Answer)
        assert server.connections == 2


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        (faults.cut_after_request, Fault.RESET),
        (faults.reset_after_request, Fault.RESET),
        (faults.reset_mid_body, Fault.RESET),
        (faults.short_body, Fault.RESET),
        (faults.drip_headers, Fault.TIMEOUT),
        (faults.drip_body, Fault.TIMEOUT),
        (faults.drip_interim_answers, Fault.TIMEOUT),
        (faults.never_answers, Fault.TIMEOUT),
        (faults.huge_body, Fault.TOO_LARGE),
        (faults.many_headers, Fault.MALFORMED),
        (faults.no_http, Fault.MALFORMED),
    ],
)
def test_a_lost_answer_is_a_failure_in_time_and_says_that_bytes_were_sent(
    script: Script, fault: Fault, opened: Opened
) -> None:
    started = time.monotonic()

    reply = exchange_with(script, opened, deadline_s=SHORT_S if fault is Fault.TIMEOUT else AMPLE_S)

    assert reply == Failure(fault, sent=True)
    assert time.monotonic() - started < AMPLE_S


def test_a_connection_reset_at_once_is_called_unsent_only_where_it_was_never_open(opened: Opened) -> None:
    """On a busy machine the reset can arrive before the connect has returned: then no byte can have left."""
    reply = exchange_with(faults.cut_before_request, opened)

    assert reply in (Failure(Fault.RESET, sent=True), Failure(Fault.CONNECT, sent=False))


def test_a_large_request_to_a_server_that_never_reads_ends_at_the_deadline(opened: Opened) -> None:
    started = time.monotonic()

    reply = exchange_with(faults.never_reads, opened, replace(PUT, body=b" " * 8_000_000), SHORT_S)

    assert reply == Failure(Fault.TIMEOUT, sent=True)
    assert time.monotonic() - started < AMPLE_S


def test_a_closed_port_is_a_failure_with_nothing_sent(opened: Opened) -> None:
    reply = opened(f"http://127.0.0.1:{faults.closed_port()}").exchange(PUT)

    assert reply == Failure(Fault.CONNECT, sent=False)


def test_a_host_that_drops_packets_is_a_failure_in_time_with_nothing_sent(opened: Opened) -> None:
    started = time.monotonic()
    with faults.full_backlog() as port:
        reply = opened(f"http://127.0.0.1:{port}", deadline_s=SHORT_S).exchange(PUT)

    assert reply == Failure(Fault.CONNECT, sent=False)
    assert time.monotonic() - started < AMPLE_S


def test_a_name_that_does_not_resolve_is_a_failure_with_nothing_sent(opened: Opened) -> None:
    def look_up(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    reply = opened("https://national.test", look_up=look_up).exchange(PUT)

    assert reply == Failure(Fault.DNS, sent=False)


def test_a_resolver_that_hangs_does_not_hang_the_exchange(opened: Opened) -> None:
    released = threading.Event()

    def look_up(*_: object, **__: object) -> list[object]:
        released.wait()
        return []

    started = time.monotonic()
    reply = opened("https://national.test", look_up=look_up, deadline_s=SHORT_S).exchange(PUT)
    released.set()

    assert reply == Failure(Fault.DNS, sent=False)
    assert time.monotonic() - started < AMPLE_S


def test_a_dead_address_does_not_hide_the_next_one(opened: Opened) -> None:
    with FaultServer((answering(OK),)) as server:

        def look_up(*_: object, **__: object) -> list[object]:
            kind = (socket.AF_INET6, socket.SOCK_STREAM, 6, "")
            return [(*kind, ("::1", server.port, 0, 0)), (*kind, ("127.0.0.1", server.port))]

        reply = opened(f"http://localhost:{server.port}", look_up=look_up).exchange(PUT)

    assert isinstance(reply, Answer)


@pytest.mark.parametrize("location", ["http://169.254.169.254/latest", "//", "http://[bad", "ftp://x/"])
def test_a_redirect_is_never_followed(location: str, opened: Opened) -> None:
    with FaultServer((faults.redirect_to(location),)) as server:
        reply = opened(server.base_url).exchange(PUT)

    assert len(server.received) == 1
    assert isinstance(reply, Answer)
    assert reply.status == 307


def test_a_redirect_to_another_server_of_ours_is_never_followed(opened: Opened) -> None:
    with (
        FaultServer((answering(OK),)) as target,
        FaultServer((faults.redirect_to(target.base_url),)) as server,
    ):
        reply = opened(server.base_url).exchange(PUT)

    assert isinstance(reply, Answer)
    assert reply.status == 307
    assert target.connections == 0


def test_a_compressed_answer_stays_compressed(opened: Opened) -> None:
    reply = exchange_with(faults.gzip_answer(b"0" * 10_000_000), opened)

    assert isinstance(reply, Answer)
    assert len(reply.body) < 20_000


def test_a_cookie_is_not_sent_back(opened: Opened) -> None:
    with FaultServer((answering(answer(200, b"{}", Set_Cookie="session=1; Path=/")),)) as server:
        transport = opened(server.base_url)
        transport.exchange(PUT)
        transport.exchange(PUT)

    assert "cookie" not in server.received[1].headers


def test_a_refusal_that_comes_before_the_body_was_sent_is_read(opened: Opened) -> None:
    reply = exchange_with(faults.refuses_early, opened)

    assert isinstance(reply, Answer)
    assert reply.status == 413


def test_after_a_failure_the_next_exchange_begins_anew(opened: Opened) -> None:
    with FaultServer((faults.drip_body, faults.cut_after_request, answering(OK))) as server:
        transport = opened(server.base_url, deadline_s=1.0)
        replies = [transport.exchange(PUT) for _ in range(3)]

    assert replies[0] == Failure(Fault.TIMEOUT, sent=True)
    assert replies[1] == Failure(Fault.RESET, sent=True)
    assert isinstance(replies[2], Answer)


def test_many_threads_share_one_transport(opened: Opened) -> None:
    replies: queue.SimpleQueue[Reply] = queue.SimpleQueue()
    with FaultServer((answering(OK),)) as server:
        transport = opened(server.base_url)

        def work() -> None:
            for _ in range(20):
                replies.put(transport.exchange(PUT))

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert [type(replies.get()) for _ in range(replies.qsize())] == [Answer] * 160
    assert server.connections <= 8


def test_a_proxy_in_the_environment_is_ignored(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{faults.closed_port()}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{faults.closed_port()}")

    assert isinstance(exchange_with(answering(OK), opened), Answer)


def test_a_request_leaves_no_line_of_the_http_library_in_the_log(
    opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    exchange_with(answering(OK), opened)

    assert caplog.records == []


def test_a_header_that_cannot_be_sent_is_refused_without_showing_it(opened: Opened) -> None:
    request = replace(PUT, headers={"Authorization": "Bearer canary\r\nX: 1"})

    with pytest.raises(ValueError, match="header") as caught:
        opened("https://national.test").exchange(request)

    assert "canary" not in str(caught.value)
    assert "canary" not in repr(request)


# Repeated reads


def test_passing_trouble_is_met_by_another_try_of_a_safe_read(opened: Opened) -> None:
    with FaultServer((faults.reset_after_request, answering(answer(502), OK))) as server:
        reply = opened(server.base_url).exchange_repeatedly(Request("GET", "/v1/x"))

    assert isinstance(reply, Answer)
    assert (reply.status, len(server.received)) == (200, 3)


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 409, 410, 429, 503])
def test_an_answer_that_means_something_is_not_asked_for_again(status: int, opened: Opened) -> None:
    with FaultServer((answering(answer(status)),)) as server:
        opened(server.base_url).exchange_repeatedly(Request("GET", "/v1/x"))

    assert len(server.received) == 1


def test_the_stop_event_ends_the_repeating(opened: Opened) -> None:
    stop = threading.Event()

    def stopping(talk: faults.Talk) -> None:
        while talk.receive() is not None:
            talk.send(answer(502))
            if len(server.received) == 2:
                stop.set()

    with FaultServer((stopping,)) as server:
        reply = opened(server.base_url, stop=stop).exchange_repeatedly(Request("GET", "/v1/x"))

    assert isinstance(reply, Answer)
    assert reply.status == 502
    assert len(server.received) <= 3


def test_once_stopped_a_read_is_tried_once(opened: Opened) -> None:
    stop = threading.Event()
    stop.set()
    with FaultServer((answering(answer(502)),)) as server:
        opened(server.base_url, stop=stop).exchange_repeatedly(Request("GET", "/v1/x"))

    assert len(server.received) == 1


# TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def tls_server(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


def test_a_server_of_the_named_authority_is_trusted(authority: trustme.CA, ca_file: Path, opened: Opened) -> None:
    with FaultServer((answering(OK),), tls=tls_server(authority, "127.0.0.1")) as server:
        transport = opened(server.base_url, ca_file)
        replies = [transport.exchange(PUT) for _ in range(3)]

    assert all(isinstance(reply, Answer) for reply in replies)
    assert server.connections == 1


def test_a_server_with_another_name_gets_nothing(authority: trustme.CA, ca_file: Path, opened: Opened) -> None:
    with FaultServer((answering(OK),), tls=tls_server(authority, "elsewhere.test")) as server:
        reply = opened(server.base_url, ca_file).exchange(PUT)

    assert reply == Failure(Fault.TLS_WRONG_HOST, sent=False)
    assert server.received == []


def test_a_server_of_an_unknown_authority_gets_nothing(authority: trustme.CA, opened: Opened) -> None:
    with FaultServer((answering(OK),), tls=tls_server(authority, "127.0.0.1")) as server:
        reply = opened(server.base_url).exchange(PUT)

    assert reply == Failure(Fault.TLS_UNKNOWN_ISSUER, sent=False)
    assert server.received == []


def test_a_named_authority_is_the_only_one_trusted(authority: trustme.CA, tmp_path: Path, opened: Opened) -> None:
    another = tmp_path / "another.pem"
    trustme.CA().cert_pem.write_to_path(another)
    with FaultServer((answering(OK),), tls=tls_server(authority, "127.0.0.1")) as server:
        reply = opened(server.base_url, another).exchange(PUT)

    assert reply == Failure(Fault.TLS_UNKNOWN_ISSUER, sent=False)


def test_an_expired_certificate_is_named(authority: trustme.CA, ca_file: Path, opened: Opened) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    expired = authority.issue_cert("127.0.0.1", not_after=datetime(2020, 1, 1, tzinfo=UTC))
    expired.configure_cert(context)
    with FaultServer((answering(OK),), tls=context) as server:
        reply = opened(server.base_url, ca_file).exchange(PUT)

    assert reply == Failure(Fault.TLS_EXPIRED, sent=False)


def test_a_certificate_that_is_not_valid_yet_is_named_for_our_own_clock_may_be_behind(
    authority: trustme.CA, ca_file: Path, opened: Opened
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    begins, ends = datetime(2090, 1, 1, tzinfo=UTC), datetime(2091, 1, 1, tzinfo=UTC)
    authority.issue_cert("127.0.0.1", not_before=begins, not_after=ends).configure_cert(context)
    with FaultServer((answering(OK),), tls=context) as server:
        reply = opened(server.base_url, ca_file).exchange(PUT)

    assert reply == Failure(Fault.TLS_NOT_YET_VALID, sent=False)


@pytest.mark.parametrize("own", ["none", "expired", "of another authority"])
def test_a_server_that_does_not_take_our_certificate_has_taken_nothing(
    own: str, authority: trustme.CA, ca_file: Path, tmp_path: Path
) -> None:
    """In TLS 1.3 it says so after our handshake and our request: that request was never read."""
    context = tls_server(authority, "127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    with FaultServer((answering(OK),), tls=context) as server:
        wanted = replace(settings(server.base_url), ca_file=ca_file)
        if own != "none":
            issuer = trustme.CA() if own == "of another authority" else authority
            dates = {"not_after": datetime(2020, 1, 1, tzinfo=UTC)} if own == "expired" else {}
            certificate = tmp_path / "client.pem"
            issuer.issue_cert("client.test", **dates).private_key_and_cert_chain_pem.write_to_path(certificate)
            wanted = replace(wanted, client_certificate=certificate)
        transport = Transport(wanted, threading.Event())
        reply = transport.exchange(PUT)
        transport.close()

    assert reply == Failure(Fault.TLS_OWN_CERTIFICATE, sent=False)
    assert server.received == []


def test_a_server_that_speaks_no_tls_gets_nothing(ca_file: Path, opened: Opened) -> None:
    with FaultServer((lambda talk: talk.send(b"hello\r\n"),)) as server:
        base_url = server.base_url.replace("http:", "https:")
        reply = opened(base_url, ca_file).exchange(PUT)

    assert reply == Failure(Fault.TLS, sent=False)


def test_a_handshake_that_never_ends_is_cut_with_nothing_sent(ca_file: Path, opened: Opened) -> None:
    started = time.monotonic()
    with FaultServer((faults.never_reads,)) as server:
        reply = opened(server.base_url.replace("http:", "https:"), ca_file, SHORT_S).exchange(PUT)

    assert reply == Failure(Fault.TLS, sent=False)
    assert time.monotonic() - started < AMPLE_S


@pytest.mark.parametrize("script", [faults.drip_headers, faults.drip_body, faults.never_answers])
def test_the_deadline_holds_inside_tls(script: Script, authority: trustme.CA, ca_file: Path, opened: Opened) -> None:
    started = time.monotonic()
    with FaultServer((script,), tls=tls_server(authority, "127.0.0.1")) as server:
        reply = opened(server.base_url, ca_file, SHORT_S).exchange(PUT)

    assert reply == Failure(Fault.TIMEOUT, sent=True)
    assert time.monotonic() - started < AMPLE_S


# Settings


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "national.test",
        "ftp://national.test",
        "https://",
        "https://user:secret@national.test",
        "https://national.test/?token=secret",
        "https://national.test#x",
        "https://national.test:99999",
        "https://nat ional.test",
        "https://-",
    ],
)
def test_a_base_url_that_cannot_be_meant_is_refused_without_showing_it(base_url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Transport(settings(base_url), threading.Event())

    assert caught.value.id == "E-NET-BASE-URL"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("base_url", "allowed"),
    [
        ("http://national.test", True),
        ("http://10.0.0.1", True),
        ("http://127.0.0.1.national.test", True),
        ("http://127.0.0.1", False),
        ("http://localhost", False),
    ],
)
def test_plain_http_is_refused_except_to_this_machine_and_by_the_switch(base_url: str, *, allowed: bool) -> None:
    wanted = replace(settings(base_url), allow_plain_http=allowed)

    with pytest.raises(ConfigError) as caught:
        Transport(wanted, threading.Event())

    assert caught.value.id == "E-NET-PLAIN-HTTP"


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_file_that_holds_no_certificate_is_refused(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)

    with pytest.raises(ConfigError) as caught:
        Transport(replace(settings("https://national.test"), ca_file=path), threading.Event())

    assert caught.value.id == "E-NET-CA-FILE"


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("user_agent", "kntc\r\nX: 1", "E-NET-USER-AGENT"),
        ("user_agent", "", "E-NET-USER-AGENT"),
        ("deadline_s", 0.0, "E-NET-BOUND"),
        ("connect_timeout_s", -1.0, "E-NET-BOUND"),
        ("max_answer_bytes", 0, "E-NET-BOUND"),
    ],
)
def test_settings_without_bounds_are_refused(name: str, value: object, error: str) -> None:
    wanted = replace(settings("https://national.test"), **{name: value})  # type: ignore[arg-type]

    with pytest.raises(ConfigError) as caught:
        Transport(wanted, threading.Event())

    assert caught.value.id == error
