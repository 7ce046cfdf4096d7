"""The profile ttcp2018 over loopback: what goes out, how it names itself, and what is found again."""

from __future__ import annotations

import base64
import logging
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
import trustme

from connector.core.model import Delivery, Kind, Operation, Refs, SightingName, VerdictName
from connector.errors import ConfigError, RemoteError
from connector.national.base import National, NationalSettings
from connector.national.matching import reference_of
from connector.national.ttcp2018 import Bus, Ttcp2018
from connector.national.ttcp2018_answers import Layers
from connector.national.ttcp2018_payload import OPERATIONS
from tests.national import fault_server as faults
from tests.national.fault_server import FaultServer, Received, Script, Talk, answer
from tests.national.ttcp2018_documents import AGENCY, CARRIED, REFS, delivery, golden, style

SECRET = "s3:cret"
BASIC = Bus(auth="basic")
PETITION = delivery(Kind.PETITION)
SHORT_S = 0.5
AMPLE_S = 30.0

Reaction = Callable[[Received], bytes]


def settings(base_url: str, deadline_s: float = AMPLE_S) -> NationalSettings:
    return NationalSettings("test", base_url, deadline_s, AMPLE_S, allow_plain_http=True, absent_after_s=600.0)


def js(value: object, status: int = 200, **headers: str) -> bytes:
    return answer(status, orjson.dumps(value), **headers)


def twice(value: object) -> bytes:
    return answer(200, orjson.dumps(orjson.dumps(value).decode()), "text/html")


GIVEN = js({"Id": "g-1", "Message": ""})


def reacting(react: Reaction) -> Script:
    def script(talk: Talk) -> None:
        while (received := talk.receive()) is not None:
            talk.send(react(received))

    return script


def always(reply: bytes) -> Script:
    return reacting(lambda _: reply)


@contextmanager
def line_to(
    server: FaultServer, bus: Bus = BASIC, secret: Callable[[], str] = lambda: SECRET, **changes: Any
) -> Iterator[Ttcp2018]:
    wanted = replace(settings(server.base_url), **changes)
    line = Ttcp2018(wanted, AGENCY, bus, style(), lambda: ("agent", secret()), threading.Event())
    try:
        yield line
    finally:
        line.close()


def targets(server: FaultServer) -> list[str]:
    return [received.target for received in server.received]


def sent(server: FaultServer, index: int = -1) -> dict[str, Any]:
    return orjson.loads(server.received[index].body)


# What goes out


@pytest.mark.parametrize("kind", CARRIED)
def test_each_kind_is_posted_to_its_operation_under_one_base_path(kind: Kind) -> None:
    with FaultServer((always(GIVEN),)) as server, line_to(server) as line:
        outcome = line.submit(delivery(kind))

    (posted,) = server.received
    assert (posted.method, posted.target) == ("POST", f"/KNTC/{OPERATIONS[kind]}")
    assert posted.headers["content-type"] == "application/json"
    assert orjson.loads(posted.body) == golden(kind, "wire")
    assert (outcome.delivery_id, outcome.verdict.name, outcome.http_status) == (41, VerdictName.DELIVERED, 200)
    assert outcome.verdict.receipt is not None
    assert outcome.verdict.receipt.national_id == "g-1"
    assert (outcome.verdict.receipt.version, outcome.verdict.receipt.digest) == (3, delivery(kind).digest)


def test_a_bus_may_have_a_path_headers_and_an_envelope_of_its_own() -> None:
    bus = Bus(
        base_path="/r1/GOV/0001/kntc",
        auth="basic",
        headers={"Sender": "H51", "X-Road-Client": "VN/GOV/H51"},
        extra_token_header="lgspaccesstoken",
        extra_token=lambda: "lgsp-1",
        layers=Layers(envelope=True, success_field="error_code"),
    )
    reply = twice({"error_code": "0", "data": [{"Id": "g-1", "Message": ""}]})
    with FaultServer((always(reply),)) as server, line_to(server, bus) as line:
        outcome = line.submit(PETITION)

    (posted,) = server.received
    assert posted.target == "/r1/GOV/0001/kntc/CapNhatVuViec"
    assert posted.headers["sender"] == "H51"
    assert posted.headers["x-road-client"] == "VN/GOV/H51"
    assert posted.headers["lgspaccesstoken"] == "lgsp-1"
    assert posted.headers["authorization"].startswith("Basic ")
    assert orjson.loads(posted.body) == {"data": [golden(Kind.PETITION, "wire")]}
    assert outcome.verdict.name is VerdictName.DELIVERED


# How it names itself


def test_basic_is_sent_with_every_request_and_a_401_is_not_tried_again_with_the_same_secret() -> None:
    with FaultServer((always(js({}, 401)),)) as server, line_to(server) as line:
        outcome = line.submit(PETITION)

    (posted,) = server.received
    assert base64.b64decode(posted.headers["authorization"].removeprefix("Basic ")) == b"agent:s3:cret"
    assert (outcome.verdict.name, outcome.verdict.rule) == (VerdictName.HOLD, "unauthorised")


def test_a_changed_secret_is_taken_up_without_a_restart() -> None:
    secrets = iter(["old", "new"])

    def react(received: Received) -> bytes:
        fresh = base64.b64decode(received.headers["authorization"].removeprefix("Basic ")) == b"agent:new"
        return GIVEN if fresh else js({}, 401)

    with FaultServer((reacting(react),)) as server, line_to(server, secret=lambda: next(secrets)) as line:
        outcome = line.submit(PETITION)

    assert outcome.verdict.name is VerdictName.DELIVERED
    assert len(server.received) == 2


def test_a_static_bearer_is_sent_as_it_is() -> None:
    with FaultServer((always(GIVEN),)) as server, line_to(server, Bus(auth="bearer")) as line:
        line.submit(PETITION)

    assert server.received[0].headers["authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize("wrap", [js, twice])
def test_a_token_is_fetched_once_and_used_by_all(wrap: Callable[[object], bytes]) -> None:
    def react(received: Received) -> bytes:
        return wrap({"access_token": "t-1"}) if received.target == "/auth/generateToken" else GIVEN

    bus = Bus(auth="token", headers={"Sender": "H51"})
    with FaultServer((reacting(react),)) as server, line_to(server, bus) as line:
        for _ in range(3):
            assert line.submit(PETITION).verdict.name is VerdictName.DELIVERED

    assert targets(server).count("/auth/generateToken") == 1
    assert sent(server, 0) == {"username": "agent", "password": SECRET}
    assert server.received[0].headers["sender"] == "H51"
    assert {received.headers["authorization"] for received in server.received[1:]} == {"Bearer t-1"}


def test_an_expired_token_is_renewed_once_and_the_delivery_goes_once_more() -> None:
    tokens = iter(["old", "new"])

    def react(received: Received) -> bytes:
        if received.target == "/auth/generateToken":
            return js({"access_token": next(tokens), "expires_in": 1800})
        return GIVEN if received.headers["authorization"] == "Bearer new" else js({}, 401)

    with FaultServer((reacting(react),)) as server, line_to(server, Bus()) as line:
        assert line.submit(PETITION).verdict.name is VerdictName.DELIVERED

    assert [target.rsplit("/", 1)[1] for target in targets(server)] == [
        "generateToken", "CapNhatVuViec", "generateToken", "CapNhatVuViec",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("reply", "rule"),
    [
        (js({"access_token": ""}), "nothing_sent:token_unavailable"),
        (answer(200, b"<html>", "text/html"), "nothing_sent:token_unavailable"),
        (js({}, 403), "nothing_sent:token_refused"),
    ],
)
def test_without_a_token_nothing_is_sent(reply: bytes, rule: str) -> None:
    with FaultServer((always(reply),)) as server, line_to(server, Bus()) as line:
        outcome = line.submit(PETITION)

    assert (outcome.verdict.name, outcome.verdict.rule) == (VerdictName.HOLD, rule)
    assert set(targets(server)) == {"/auth/generateToken"}


def no_secret() -> str:
    raise ConfigError("E-SECRET-FILE")


@pytest.mark.parametrize(
    ("bus", "secret"),
    [
        (BASIC, no_secret),
        (Bus(), no_secret),
        (Bus(auth="bearer"), lambda: "a\r\nX: canary"),
        (replace(BASIC, extra_token_header="lgsp", extra_token=no_secret), lambda: SECRET),
        (replace(BASIC, extra_token_header="lgsp", extra_token=lambda: "a\r\nX: canary"), lambda: SECRET),
    ],
)
def test_a_secret_that_cannot_be_read_or_sent_holds_the_channel(bus: Bus, secret: Callable[[], str]) -> None:
    with FaultServer((always(GIVEN),)) as server, line_to(server, bus, secret) as line:
        outcome = line.submit(PETITION)
        assert not line.probe()

    assert (outcome.verdict.name, outcome.verdict.rule) == (VerdictName.HOLD, "nothing_sent:credentials")
    assert server.received == []


def test_a_header_that_cannot_be_sent_stops_the_program() -> None:
    with pytest.raises(ConfigError) as caught:
        Ttcp2018(
            settings("http://127.0.0.1:9"),
            AGENCY,
            Bus(headers={"A": "đ"}),
            style(),
            lambda: ("", ""),
            threading.Event(),
        )
    assert caught.value.id == "E-NET-HEADER"


def test_a_bus_that_asks_who_we_are_is_shown_our_certificate(tmp_path: Path) -> None:
    authority, ours = trustme.CA(), tmp_path / "kntc.pem"
    (tmp_path / "ca.pem").write_bytes(authority.cert_pem.bytes())
    own = authority.issue_cert("kntc.test")
    ours.write_bytes(own.private_key_and_cert_chain_pem.bytes())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    with FaultServer((always(GIVEN),), tls=context) as server:
        with line_to(server, ca_file=tmp_path / "ca.pem", client_certificate=ours) as line:
            shown = line.submit(PETITION).verdict.name
        with line_to(server, ca_file=tmp_path / "ca.pem") as line:
            hidden = line.submit(PETITION).verdict.name

    assert shown is VerdictName.DELIVERED
    assert hidden in (VerdictName.HOLD, VerdictName.UNKNOWN)  # TLS 1.3 tells only after the first bytes
    assert len(server.received) == 1


def test_a_certificate_that_cannot_be_used_is_named_and_never_asks_for_a_password(tmp_path: Path) -> None:
    path = tmp_path / "kntc.pem"
    path.write_text("no certificate")
    wanted = replace(settings("https://national.test"), client_certificate=path)
    with pytest.raises(ConfigError) as caught:
        Ttcp2018(wanted, AGENCY, BASIC, style(), lambda: ("", ""), threading.Event())
    assert caught.value.id == "E-NET-CLIENT-CERTIFICATE"


# What is not sent


@pytest.mark.parametrize(
    ("kind", "refs", "rule"),
    [
        (Kind.HANDLING, Refs(), "id_missing:case"),
        (Kind.ACCEPTANCE, Refs(own="x"), "id_missing:case"),
        (Kind.DECISION, Refs(decision="x"), "id_missing:case"),
        (Kind.ENFORCEMENT, Refs(case="x"), "id_missing:decision"),
    ],
)
def test_a_document_whose_parent_has_no_id_yet_comes_again_later(kind: Kind, refs: Refs, rule: str) -> None:
    with FaultServer((always(GIVEN),)) as server, line_to(server) as line:
        outcome = line.submit(delivery(kind, refs=refs))

    assert (outcome.verdict.name, outcome.verdict.rule, outcome.http_status) == (VerdictName.RETRY, rule, None)
    assert server.connections == 0


def test_what_has_no_national_value_is_refused_here_with_its_place() -> None:
    with FaultServer((always(GIVEN),)) as server, line_to(server) as line:
        outcome = line.submit(delivery(Kind.PETITION, {"source": "direct"}))

    assert (outcome.verdict.name, outcome.verdict.rule) == (VerdictName.REJECTED, "untranslatable")
    assert [(found.pointer, found.rule) for found in outcome.verdict.problems] == [("/source", "E-WIRE-CODE")]
    assert server.connections == 0


def test_a_withdrawal_has_no_operation_and_is_not_sent() -> None:
    with FaultServer((always(GIVEN),)) as server, line_to(server) as line:
        outcome = line.submit(replace(PETITION, operation=Operation.WITHDRAW))

    assert (outcome.verdict.name, outcome.verdict.rule) == (VerdictName.REJECTED, "no_withdrawal")
    assert server.connections == 0


def test_what_is_not_carried_or_another_agencys_is_a_bug_of_the_caller() -> None:
    reception = replace(PETITION, key=replace(PETITION.key, kind=Kind.RECEPTION))
    foreign = replace(PETITION, key=replace(PETITION.key, agency="H51.02"))
    with FaultServer((always(GIVEN),)) as server, line_to(server) as line:
        for wrong in (reception, foreign):
            with pytest.raises(ValueError, match=r"carried|another agency"):
                line.submit(wrong)
    assert server.connections == 0


# Lost answers: never sent again from here


@pytest.mark.parametrize(
    ("script", "rule"),
    [
        (faults.cut_after_request, "answer_lost:reset"),
        (faults.reset_after_request, "answer_lost:reset"),
        (faults.reset_mid_body, "answer_lost:reset"),
        (faults.short_body, "answer_lost:reset"),
        (faults.never_answers, "answer_lost:timeout"),
        (faults.drip_headers, "answer_lost:timeout"),
        (faults.drip_body, "answer_lost:timeout"),
        (faults.drip_interim_answers, "answer_lost:timeout"),
        (faults.huge_body, "answer_lost:too_large"),
        (faults.many_headers, "answer_lost:malformed"),
        (faults.no_http, "answer_lost:malformed"),
        (faults.html_page, "no_id"),
        (faults.gzip_answer(b'{"Id": "g-1"}'), "no_id"),
        (faults.redirect_to("http://169.254.169.254/"), "redirected"),
        (always(js({"Id": "g-1"}, 500)), "server_failed"),
    ],
)
def test_an_answer_that_is_lost_or_unreadable_is_unknown_and_asked_for_once(script: Script, rule: str) -> None:
    deadline_s = SHORT_S if rule.endswith("timeout") else AMPLE_S
    with FaultServer((script,)) as server, line_to(server, deadline_s=deadline_s) as line:
        outcome = line.submit(PETITION)
        seen = len(server.received)

    assert (outcome.verdict.name, outcome.verdict.rule) == (VerdictName.UNKNOWN, rule)
    assert seen == 1


def test_nobody_there_means_that_nothing_was_sent() -> None:
    line = Ttcp2018(
        settings(f"http://127.0.0.1:{faults.closed_port()}"),
        AGENCY,
        BASIC,
        style(),
        lambda: ("a", "s"),
        threading.Event(),
    )
    outcome = line.submit(PETITION)
    assert (outcome.verdict.name, outcome.verdict.rule) == (VerdictName.HOLD, "nothing_sent:connect")


# Finding again


class Register:
    """The cases of a national side, as a search of 2018 shows them: each filter that is not empty must fit."""

    def __init__(self, *cases: dict[str, str], area: str = "811") -> None:
        self.cases = cases
        self.area = area
        self.asked: list[dict[str, str]] = []

    def __call__(self, received: Received) -> bytes:
        assert received.target == "/KNTC/TraThongTinDon"
        asked = orjson.loads(received.body)
        self.asked.append({name: value for name, value in asked.items() if value})
        fits = [
            case
            for case in self.cases
            if (not asked["MaVuViec"] or asked["MaVuViec"] == case["Id"])
            and (not asked["TenNguoiKhieuNai"] or asked["TenNguoiKhieuNai"].lower() == case["ChuDon"].lower())
            and (not asked["SoDinhDanhCaNhan"] or asked["SoDinhDanhCaNhan"] == case["CMTND"])
            and (not asked["MaTinh"] or asked["MaTinh"] == self.area)
            and asked["NoiDung"] in case["NoiDung"]
        ]
        return twice(fits)


def case(number: int, content: str = "", person: str = "", identity: str = "") -> dict[str, str]:
    return {"Id": f"g-{number}", "ChuDon": person, "DiaChi": "Ấp 1", "CMTND": identity, "NoiDung": content}


OUR_TEXT = golden(Kind.PETITION)["content"]
PERSON = "NGUYỄN THỊ MẪU"
NUMBER = "083000000001"


def with_reference(version: int) -> str:
    return f"{OUR_TEXT}\n{reference_of(PETITION.key, version)}"


def find(register: Register, wanted: Delivery = PETITION) -> Any:
    with FaultServer((reacting(register),)) as server, line_to(server) as line:
        return line.find(wanted)


def test_a_lost_create_is_found_by_our_reference_with_one_question() -> None:
    register = Register(case(1, "khác"), case(2, with_reference(3)))
    sighting = find(register)

    assert (sighting.delivery_id, sighting.name, sighting.rule) == (41, SightingName.SAME, "own_reference")
    assert sighting.receipt.national_id == "g-2"
    assert (sighting.receipt.version, sighting.receipt.digest) == (3, PETITION.digest)
    assert sighting.candidates == ()
    (asked,) = register.asked
    assert asked == {"NoiDung": reference_of(PETITION.key, 3).removesuffix(":v3]")}


def test_several_cases_with_our_reference_are_for_a_person() -> None:
    sighting = find(Register(case(1, with_reference(3)), case(2, with_reference(3))))
    assert (sighting.name, sighting.receipt) == (SightingName.SEVERAL, None)
    assert [candidate.national_id for candidate in sighting.candidates] == ["g-1", "g-2"]


def test_an_older_version_that_landed_late_is_never_created_again() -> None:
    """Called "older", it would be sent once more, and without its id that makes a second case."""
    sighting = find(Register(case(1, with_reference(2))))
    assert (sighting.name, sighting.rule) == (SightingName.SEVERAL, "reference_of_older")
    assert [candidate.national_id for candidate in sighting.candidates] == ["g-1"]


def test_a_newer_version_there_says_that_our_store_went_back_in_time() -> None:
    sighting = find(Register(case(1, with_reference(4))))
    assert (sighting.name, sighting.receipt.version) == (SightingName.NEWER, 4)


def test_without_our_reference_the_same_person_area_and_content_are_certain() -> None:
    register = Register(case(1, "Khiếu nại việc cấp  giấy chứng nhận.", PERSON), case(2, "việc khác", PERSON))
    sighting = find(register)

    assert (sighting.name, sighting.rule) == (SightingName.SAME, "same_person_and_content")
    assert sighting.receipt.national_id == "g-1"
    area = {"MaTinh": "811", "MaHuyen": "81101", "MaXa": "8110101"}
    assert register.asked[1:] == [
        {"SoDinhDanhCaNhan": NUMBER, **area},
        {"TenNguoiKhieuNai": "Nguyễn Thị Mẫu", **area},
    ]


def test_probable_cases_of_others_are_shown_beside_absence_each_once() -> None:
    register = Register(
        case(1, "việc khác", PERSON, NUMBER), case(2, "việc khác nữa", "Ai", NUMBER), case(3, OUR_TEXT, "Người Lạ")
    )
    sighting = find(register)

    assert (sighting.name, sighting.rule) == (SightingName.ABSENT, "none_certain")
    assert sorted(candidate.national_id for candidate in sighting.candidates) == ["g-1", "g-2"]


def test_another_area_another_matter() -> None:
    assert find(Register(case(1, OUR_TEXT, PERSON), area="101")).name is SightingName.ABSENT
    homeless = delivery(Kind.PETITION, {"petitioners": [{"full_name": "Nguyễn Thị Mẫu"}]})
    register = Register(case(1, OUR_TEXT, PERSON))
    assert find(register, homeless).name is SightingName.ABSENT
    assert len(register.asked) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"concealed": {"reason": "denunciation"}, "content": None},
        {"petitioners": [{**golden(Kind.PETITION)["petitioners"][0], "disclosure": "concealed"}]},
        {"petitioners": [{**golden(Kind.PETITION)["petitioners"][0], "disclosure": "anonymous"}]},
    ],
)
def test_a_concealed_petition_is_found_by_our_reference_alone_and_no_person_is_asked_for(body: dict[str, Any]) -> None:
    register = Register(case(1, OUR_TEXT, PERSON, NUMBER))
    hidden = delivery(Kind.PETITION, body)
    assert find(register, hidden).name is SightingName.ABSENT
    assert [set(asked) for asked in register.asked] == [{"NoiDung"}]
    assert find(Register(case(1, f"gì đó {reference_of(hidden.key, 3)}")), hidden).name is SightingName.SAME


@pytest.mark.parametrize(
    ("content", "name", "version"),
    [
        (with_reference(3), SightingName.SAME, 3),
        (with_reference(2), SightingName.OLDER, 2),
        (with_reference(9), SightingName.NEWER, 9),
        ("không có dấu", SightingName.OLDER, 0),
    ],
)
def test_an_update_is_looked_for_under_its_own_id(content: str, name: SightingName, version: int) -> None:
    register = Register(case(1, content), case(2, with_reference(3)))
    sighting = find(register, replace(PETITION, refs=Refs(own="g-1")))

    assert (sighting.name, sighting.receipt.national_id, sighting.receipt.version) == (name, "g-1", version)
    assert register.asked == [{"MaVuViec": "g-1"}]


def test_an_id_of_ours_that_is_not_listed_is_never_taken_for_absent() -> None:
    sighting = find(Register(case(2, with_reference(3))), replace(PETITION, refs=Refs(own="g-1")))
    assert (sighting.name, sighting.rule) == (SightingName.UNREADABLE, "own_id_not_listed")


def test_half_a_search_says_nothing_about_absence() -> None:
    replies = iter([twice([]), twice([]), answer(200, b"<html>", "text/html")])
    with FaultServer((reacting(lambda _: next(replies)),)) as server, line_to(server) as line:
        sighting = line.find(PETITION)
    assert (sighting.name, sighting.rule) == (SightingName.UNREADABLE, "unmatched")


@pytest.mark.parametrize(
    ("reply", "name"),
    [
        (js({}, 503, Retry_After="9"), SightingName.HELD),
        (js({}, 401), SightingName.HELD),
        (js({"Id": "", "Message": "bận"}), SightingName.UNREADABLE),
        (twice([{"ChuDon": "không mã"}]), SightingName.UNREADABLE),
    ],
)
def test_a_search_that_brings_no_list_is_not_absence(reply: bytes, name: SightingName) -> None:
    with FaultServer((always(reply),)) as server, line_to(server) as line:
        sighting = line.find(PETITION)
    assert sighting.name is name
    assert sighting.retry_after_s == (9 if name is SightingName.HELD and sighting.http_status == 503 else None)


@pytest.mark.parametrize("kind", [kind for kind in CARRIED if kind is not Kind.PETITION])
def test_what_cannot_be_found_is_not_asked_for(kind: Kind) -> None:
    with FaultServer((always(GIVEN),)) as server, line_to(server) as line:
        sighting = line.find(delivery(kind))
    assert (sighting.name, sighting.rule) == (SightingName.UNREADABLE, "not-findable")
    assert server.connections == 0


# Reads, and what there is none of


def test_a_probe_reads_the_shortest_catalogue() -> None:
    with FaultServer((always(twice([{"Ma": "1", "Ten": "Bưu chính"}])),)) as server, line_to(server) as line:
        assert line.probe()
        line.check()
    assert targets(server) == ["/KNTC/TraDanhMuc"] * 2
    assert sent(server) == {"LoaiDanhMuc": "5", "MaTinh": "", "MaBoNganh": "", "MaLoaiKhieuTo": ""}


@pytest.mark.parametrize(
    ("reply", "id_"),
    [
        (js({}, 401), "E-AUTH"),
        (js({}, 403), "E-AUTH-FORBIDDEN"),
        (js({}, 429), "E-NET-BUSY"),
        (js({}, 302), "E-NET-REDIRECT"),
        (js({}, 404), "E-NET-STATUS"),
        (answer(200, b"<html>", "text/html"), "E-NET-NOT-API"),
        (js({"Id": ""}), "E-NET-NOT-API"),
    ],
)
def test_a_check_says_what_keeps_us_from_working(reply: bytes, id_: str) -> None:
    with FaultServer((always(reply),)) as server, line_to(server) as line:
        assert not line.probe()
        with pytest.raises(RemoteError) as caught:
            line.check()
    assert caught.value.id == id_


def test_it_says_what_it_cannot_do() -> None:
    with FaultServer((always(GIVEN),)) as server, line_to(server) as line:
        held: National = line
        able = held.capabilities
        page = line.status_updates(AGENCY, "", 10)
        line.acknowledge(AGENCY, "")
        with pytest.raises(ValueError, match="without a manifest"):
            line.manifest(AGENCY, Kind.PETITION, "", 10)

    assert able.manifest is False
    assert able.carried == frozenset(Kind) - {Kind.RECEPTION}
    assert able.create_idempotent == frozenset()
    assert able.findable == {Kind.PETITION}
    assert able.update_idempotent == {Kind.PETITION, Kind.ENFORCEMENT}
    assert (able.status_feed, able.absent_after_s, able.absent_sightings) == (False, 600.0, 2)
    assert (page.updates, page.more) == ((), False)
    assert server.connections == 0


def test_nothing_of_a_citizen_or_a_secret_shows_in_logs_and_representations(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    register = Register(case(1, "việc khác canary-content", PERSON, NUMBER))
    with FaultServer((reacting(register),)) as server, line_to(server) as line:
        sighting = line.find(PETITION)
    with FaultServer((always(GIVEN),)) as server, line_to(server) as line:
        outcome = line.submit(PETITION)
    assert len(sighting.candidates) == 1
    shown = repr(sighting) + repr(outcome) + repr(line) + caplog.text
    for secret in ("canary", "Mẫu", "MẪU", NUMBER, SECRET, "chứng nhận"):
        assert secret not in shown
    assert REFS.case not in caplog.text
