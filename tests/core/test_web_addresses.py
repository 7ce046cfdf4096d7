"""Addresses that a stranger wrote: only what is surely one file below an allowed address passes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.attachments import Attached
from connector.core.model import Fate
from connector.core.transforms import Bad
from connector.core.web_addresses import read_address, read_allowed

ALLOWED = [found for found in map(read_allowed, ["https://files.example.gov.vn/kntc/"]) if found]
HOST = "https://files.example.gov.vn"


def passes(text: str) -> bool:
    found = read_address(text)
    return found is not None and found.is_below(ALLOWED)


@pytest.mark.parametrize(
    ("text", "travels"),
    [
        (f"{HOST}/kntc/a.pdf", "/kntc/a.pdf"),
        ("HTTPS://Files.Example.GOV.VN:443/kntc/a.pdf", "/kntc/a.pdf"),
        (f" {HOST}/kntc/2024/Đơn khiếu nại.pdf ", "/kntc/2024/%C4%90%C6%A1n%20khi%E1%BA%BFu%20n%E1%BA%A1i.pdf"),
        (f"{HOST}/kntc/a%20b.pdf", "/kntc/a%20b.pdf"),
        (f"{HOST}/kntc/tai.aspx?id=7&loai=đơn", "/kntc/tai.aspx?id=7&loai=%C4%91%C6%A1n"),
        (f"{HOST}/kntc/a..b.pdf", "/kntc/a..b.pdf"),
    ],
)
def test_an_address_below_the_list_travels_as_the_standard_wants_it(text: str, travels: str) -> None:
    found = read_address(text)
    assert found is not None
    assert found.target == travels
    assert found.is_below(ALLOWED)
    assert read_address(found.text) == found


@pytest.mark.parametrize(
    "text",
    [
        *(f"{HOST}/khac/a.pdf", f"{HOST}/kntc", f"{HOST}/kntc2/a.pdf", f"{HOST}:8443/kntc/a.pdf", f"{HOST}./kntc/a"),
        *("https://files.example.gov.vn@evil.test/kntc/a.pdf", "https://files.example.gov.vn:x@evil.test/kntc/a.pdf"),
        *("https://files.example.gov.vn.evil.test/kntc/a.pdf", "https://evil.test/kntc/a.pdf"),
        *(f"https://evil.test/{HOST}/kntc/a.pdf", "https://evil.test\\@files.example.gov.vn/kntc/a.pdf"),
        *(
            "http://files.example.gov.vn/kntc/a.pdf",
            "http://169.254.169.254/kntc/",
            "ftp://files.example.gov.vn/kntc/a",
        ),
        *("file:///etc/passwd", "//files.example.gov.vn/kntc/a.pdf", "/kntc/a.pdf", "a.pdf", "javascript:alert(1)"),
        *(f"{HOST}/kntc/../khac/a.pdf", f"{HOST}/kntc/%2e%2e/khac/a.pdf", f"{HOST}/kntc/.%2E/khac/a.pdf"),
        *(f"{HOST}/kntc/%252e%252e/a.pdf", f"{HOST}/kntc/..;x=1/a.pdf", f"{HOST}/kntc/..%2fa.pdf", f"{HOST}/kntc/."),
        *(f"{HOST}/kntc/..%5ca.pdf", f"{HOST}/kntc/..\\a.pdf", f"{HOST}/kntc/a%5Cb", f"{HOST}/kntc/%25252e%25252e/a"),
        *(f"{HOST}/kntc/a.pdf\r\nHost: evil.test", f"{HOST}/kntc/a\n.pdf", f"{HOST}/kntc/a\t.pdf"),
        *(f"{HOST}/kntc/a%0d%0aX: y", f"{HOST}/kntc/a\x00", f"{HOST}/kntc/a%00.pdf", f"{HOST}/kntc/a.pdf#b"),
        *(f"{HOST}/kntc/a%zz", f"{HOST}/kntc/%", f"{HOST}/kntc/{'a' * 2_000}", f"\x01{HOST}/kntc/a.pdf"),
        *("https://files.example.gov.vn:0/kntc/a", "https://files.example.gov.vn:99999/kntc/a", "https://[::1/kntc/a"),
        *(
            "https://f\u0131les.example.gov.vn/kntc/a",
            "https://files\u3002example.vn/kntc/a",
            f"{HOST}/kntc/\u202ea",
        ),
        *("", " ", "https://", "https:///kntc/a.pdf"),
    ],
)
def test_what_leads_elsewhere_or_could_mean_something_else_is_refused(text: str) -> None:
    assert not passes(text)


@given(st.text(max_size=40))
def test_no_ending_at_all_leads_out_of_the_allowed_folder(ending: str) -> None:
    found = read_address(f"{HOST}/kntc/{ending}")
    if found is not None:
        assert found.origin == ("https", "files.example.gov.vn", 443)
        assert found.path.startswith("/kntc/")
        assert not {".", ".."} & set(found.path.split("/"))
        assert found.target.isascii()
        assert not set(found.target) & set(" \\\r\n\t#")


@pytest.mark.parametrize(
    ("text", "is_allowed"),
    [
        ("https://h.test/", True),
        ("https://h.test/a/", True),
        ("http://127.0.0.1:8080/a/", True),
        ("http://localhost/a/", True),
        ("http://[::1]:8080/a/", True),
        ("https://h.test", True),
        ("https://h.test/a", False),
        ("https://h.test/a/?b/", False),
        ("https://h.test/?", False),
        ("http://h.test/a/", False),
        ("http://127.0.0.1.evil.test/", False),
        ("https://u:p@h.test/a/", False),
        ("https://h.test/a/../", False),
    ],
)
def test_an_entry_of_the_list_is_a_whole_folder(text: str, is_allowed: bool) -> None:
    assert (read_allowed(text) is not None) is is_allowed


def test_a_row_names_the_file_at_its_address_or_one_that_is_not_safe() -> None:
    attached = Attached("tep", (), "", "send", None, url="Link")
    assert attached.needed == ("Link",)
    assert attached.named({"Link": f"{HOST}/kntc/a.pdf"}).path == f"{HOST}:443/kntc/a.pdf"
    fates = [attached.named({"Link": value}).fate for value in (None, " ", "C:\\a.pdf", Bad("E-MAP-TEXT", "x"))]
    assert fates == [Fate.NONE, Fate.NONE, Fate.UNSAFE, Fate.UNREADABLE]
