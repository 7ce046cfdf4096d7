"""TLS through the whole job, and what the national side tells of itself: its certificate, its clock, its end."""

from __future__ import annotations

import io
import json
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import trustme

from connector import logs
from connector.core.model import Kind
from connector.errors import ExitCode
from connector.sandbox import Sandbox
from tests.e2e.damaging_proxy import DamagingProxy
from tests.e2e.small_agency import SmallAgency
from tests.machine.world import START
from tests.world import AGENCY, credentials

PETITIONS = 12
HOUR_S = 3_600
LINES = 'ca_file = "ca.pem"\nclient_certificate = "client.pem"'
CASES = {
    "expired": ({"not_after": datetime(2020, 1, 1, tzinfo=UTC)}, "127.0.0.1", "tls_expired"),
    "not yet valid": ({"not_before": datetime(2090, 1, 1, tzinfo=UTC)}, "127.0.0.1", "tls_not_yet_valid"),
    "of another host": ({}, "elsewhere.test", "tls_wrong_host"),
    "ours, and is not taken": ({}, "127.0.0.1", "tls_own_certificate"),
}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(credentials=credentials(AGENCY), seed=7) as started:
        yield started


def ends_in(days: int) -> datetime:
    """Half a day more, so that no midnight comes between."""
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=days, hours=12)


def present(context: ssl.SSLContext, authority: trustme.CA, host: str = "127.0.0.1", **dates: datetime) -> None:
    """From now on the server shows this certificate, to whoever connects anew."""
    dates.setdefault("not_after", datetime(2099, 1, 1, tzinfo=UTC))
    authority.issue_cert(host, **dates).configure_cert(context)


def signs_told(agency: SmallAgency, later_h: int = 0) -> list[dict[str, str]]:
    """Do the whole job once, by a clock that is right, or so much ahead; return what the log says of signs."""
    stream = io.StringIO()
    logs.set_up("warning", stream)
    with agency.opened() as work:
        work.clock.reset()
        work.clock.advance((datetime.now(UTC) - START).total_seconds() + later_h * HOUR_S)
        work.sync()
        assert work.app.exit_code_of(AGENCY) is ExitCode.DONE
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [line for line in lines if line["event"] == "national.sign"]


def agency_of(folder: Path, sandbox: Sandbox, proxy: DamagingProxy, authority: trustme.CA) -> SmallAgency:
    authority.cert_pem.write_to_path(folder / "ca.pem")
    own = authority.issue_cert("client.test", not_after=ends_in(83))
    own.private_key_and_cert_chain_pem.write_to_path(folder / "client.pem")
    agency = SmallAgency(folder, sandbox, national=LINES, url=proxy.base_url, push="workers = 4")
    agency.petitions(range(1, PETITIONS + 1))
    return agency


@pytest.mark.parametrize("case", CASES)
def test_a_certificate_that_is_not_right_is_one_hold_and_no_storm(
    tmp_path: Path, sandbox: Sandbox, authority: trustme.CA, case: str
) -> None:
    dates, host, fault = CASES[case]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    present(context, authority, host, **dates)
    if fault == "tls_own_certificate":
        context.verify_mode = ssl.CERT_REQUIRED  # and whoever issued ours is not trusted yet
    with DamagingProxy(sandbox.base_url, tls=context) as proxy:
        agency = agency_of(tmp_path, sandbox, proxy, authority)
        with agency.opened() as work:
            work.run("collect")
            for _ in range(20):
                work.run("push")
            assert proxy.connections <= 4 + 1  # one of each worker, no more before the hold is over
            assert work.line(Kind.PETITION, 1).rule.endswith(fault)
            before = proxy.connections
            for _ in range(5):
                work.clock.advance(HOUR_S)
                work.run("push")
            assert proxy.connections - before == 5  # one probe each
            assert work.states(Kind.PETITION) == {"pending": PETITIONS}
            assert sandbox.log() == []
            present(context, authority)
            authority.configure_trust(context)
            work.clock.advance(HOUR_S)
            work.sync()
            assert work.states(Kind.PETITION) == {"delivered": PETITIONS}
            assert {work.line(Kind.PETITION, number).attempt for number in range(1, PETITIONS + 1)} == {1}
    assert set(sandbox.effects().values()) == {1}


def test_certificates_are_counted_down_in_status_and_in_the_log(
    tmp_path: Path, sandbox: Sandbox, authority: trustme.CA
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    present(context, authority, not_after=ends_in(13))
    with DamagingProxy(sandbox.base_url, tls=context) as proxy:
        agency = agency_of(tmp_path, sandbox, proxy, authority)
        (told,) = signs_told(agency)
        assert (told["sign"], told["days"]) == ("server_certificate.ending", "14")
        text = " ".join(agency("status", lang="en").text.split())
        assert "Server certificate ENDING: 13 days left" in text
        assert "Our certificate 83 days left" in text
        assert "Remind the National DB of its certificate: 13 days left" in text
        assert signs_told(agency) == []  # told once
        present(context, authority)
        assert signs_told(agency) == []
        assert "máy chủ đã đưa ra chứng thư khác hạn dài hơn" in " ".join(agency("status").text.split())
        assert signs_told(agency, later_h=25) == []
        assert "SẮP HẾT HẠN" not in agency("status").text
        assert agency("audit", "verify").code == 0


def test_a_clock_far_off_and_an_announced_end_are_noted_once_and_shown_until_they_are_over(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    with DamagingProxy(sandbox.base_url) as proxy:
        agency = SmallAgency(tmp_path, sandbox, national="deadline_s = 30", url=proxy.base_url)
        agency.petitions(range(1, 3))
        proxy.headers |= {
            "Date": format_datetime(datetime.now(UTC) + timedelta(hours=2, minutes=30), usegmt=True),
            "Sunset": "Sat, 31 Dec 2050 00:00:00 GMT",
            "Deprecation": "@1767225600",
        }
        assert {told["sign"] for told in signs_told(agency)} == {"clock", "sunset", "deprecated"}
        found = agency("status", "--json").json["agencies"][0]["signs"]
        assert set(found) == {"clock", "sunset", "deprecated"}
        assert signs_told(agency) == []
        assert agency("status", "--json").json["agencies"][0]["signs"] == found
        text = " ".join(agency("status", lang="en").text.split())
        assert "National clock ahead of this machine by 2 h: check" in text
        assert "deprecated there since 01/01/2026" in text
        assert "will end there after 31/12/2050" in text
        assert "Ask the National DB what comes after 31/12/2050" in text
        proxy.headers.clear()
        assert signs_told(agency) == []
        assert agency("status", "--json").json["agencies"][0]["signs"] == {}
        assert agency("audit", "verify").code == 0
