"""Code lists over both interfaces: read whole from the sandbox, and refused by name whatever a server answers else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest

from connector.core.catalogue import Catalogue, CatalogueEntry
from connector.errors import CatalogueError, RemoteError
from connector.national.base import National, NationalSettings
from connector.national.decree55 import Decree55
from connector.national.ttcp2018 import Bus, Ttcp2018
from connector.national.ttcp2018_codes import compile_codes
from connector.national.ttcp2018_payload import Style
from connector.resources import code_list_documents, ttcp2018_code_documents
from connector.sandbox import FaultRule, Sandbox
from tests.national.fault_server import FaultServer, Talk, answer

AGENCY = "H55.01"
ACCOUNT = ("client", "s3:cret")
LISTS = tuple(code_list_documents())
TOKEN = answer(200, orjson.dumps({"access_token": "t", "token_type": "Bearer", "expires_in": 1800}))


def settings(base_url: str, **changes: Any) -> NationalSettings:
    return NationalSettings("test", base_url, 30.0, 30.0, allow_plain_http=True, catalogues=LISTS, **changes)


@contextmanager
def decree55(base_url: str, **changes: Any) -> Iterator[National]:
    opened = Decree55(settings(base_url, **changes), AGENCY, lambda: ACCOUNT, threading.Event())
    yield opened
    opened.close()


@contextmanager
def ttcp2018(base_url: str, base_path: str = "/KNTC") -> Iterator[National]:
    style = Style(compile_codes(ttcp2018_code_documents(), {AGENCY: "H811.01"}))
    bus = Bus(base_path=base_path, auth="basic")
    opened = Ttcp2018(settings(base_url), AGENCY, bus, style, lambda: ACCOUNT, threading.Event())
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(credentials={AGENCY: ACCOUNT}, seed=7) as running:
        yield running


def test_every_list_of_the_reference_interface_is_read_whole(sandbox: Sandbox) -> None:
    with decree55(sandbox.base_url) as line:
        assert line.catalogues == LISTS
        assert line.translations == ()
        for name in LISTS:
            read = line.catalogue(name)
            assert read is not None
            assert [entry.code for entry in read.entries] == [
                each["code"] for each in code_list_documents()[name]["codes"]
            ]
        dated = {entry.code: entry for name in LISTS for entry in (line.catalogue(name) or Catalogue("", ())).entries}
        assert any(entry.valid_from or entry.valid_to for entry in dated.values())


def test_a_list_that_is_not_there_is_no_list_and_one_that_is_none_of_ours_is_not_asked_for(sandbox: Sandbox) -> None:
    sandbox.replace_catalogue("gender", None)
    with decree55(sandbox.base_url) as line:
        assert line.catalogue("gender") is None
        with pytest.raises(ValueError, match="none of ours"):
            line.catalogue("../agencies")


def test_every_numbered_list_is_read_and_those_by_province_for_our_own_one_too(sandbox: Sandbox) -> None:
    base_url = sandbox.ttcp2018_url
    with ttcp2018(sandbox.base_url, base_url.removeprefix(sandbox.base_url)) as line:
        assert line.catalogues == tuple(map(str, range(1, 15)))
        read = {name: line.catalogue(name) for name in line.catalogues}
        sandbox.replace_catalogue("14", None)
        assert line.catalogue("14") is None
        with pytest.raises(ValueError, match="without a number"):
            line.catalogue("15")
    codes = {name: [entry.code for entry in each.entries] for name, each in read.items() if each is not None}
    assert codes["1"] == ["101", "217", "811", "81101", "8110101"]
    assert codes["5"] == ["1", "4", "20", "21", "23"]
    assert len(codes) == 14


def test_translations_name_the_national_list_behind_ours() -> None:
    with ttcp2018("http://127.0.0.1:9") as line:
        found = {each.list: each for each in line.translations}
    assert (found["handling"].catalogue, found["handling"].codes["accepted"]) == ("13", "4")
    assert found["agency"].codes == {AGENCY: "H811.01"}
    assert "gender" not in found  # nobody has seen a number for it


def always(*replies: bytes) -> Any:
    def script(talk: Talk) -> None:
        rest = [*replies]
        while talk.receive() is not None:
            talk.send(rest.pop(0) if len(rest) > 1 else rest[0])

    return script


def js(value: object, status: int = 200) -> bytes:
    return answer(status, orjson.dumps(value))


ITEM = {"code": "1", "title": "a"}


@pytest.mark.parametrize(
    ("reply", "unfit"),
    [
        (js({"name": "other", "items": [ITEM]}), "shape"),
        (js({"name": "gender", "items": {"1": "a"}}), "shape"),
        (js({"name": "gender", "items": [ITEM, "1"]}), "shape"),
        (js({"name": "gender", "items": []}), "empty"),
        (js({"name": "gender", "items": [ITEM, ITEM | {"title": "b"}]}), "twice"),
        (js({"name": "gender", "items": [ITEM | {"code": None}]}), "code"),
        (js({"name": "gender", "items": [ITEM | {"title": 7}]}), "title"),
        (js({"name": "gender", "items": [ITEM | {"valid_to": "soon"}]}), "day"),
        (js({"name": "gender", "items": [{"code": str(n), "title": "a"} for n in range(50_001)]}), "too_many"),
        (answer(200, b"<html>", "text/html"), "shape"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_answer_that_is_no_whole_list_is_refused_by_name(reply: bytes, unfit: str) -> None:
    with (
        FaultServer((always(TOKEN, reply),)) as server,
        decree55(server.base_url) as line,
        pytest.raises(CatalogueError) as caught,
    ):
        line.catalogue("gender")
    assert (caught.value.id, caught.value.values) == ("E-CATALOGUE-UNFIT", {"catalogue": "gender", "unfit": unfit})


@pytest.mark.parametrize(
    ("reply", "unfit"),
    [
        (js([{"Ma": "1", "Ten": "a"}, {"Ma": "1", "Ten": "b"}]), "twice"),
        (js([{"Ma": "1"}]), "title"),
        (js(["1"]), "shape"),
        (js({"Ma": "1", "Ten": "a"}), "shape"),
        (js([]), "empty"),
        (answer(200, b"<html>", "text/html"), "shape"),
        (answer(200, orjson.dumps("[" * 900)), "shape"),
    ],
)
def test_an_answer_of_the_observed_interface_is_judged_alike(reply: bytes, unfit: str) -> None:
    with (
        FaultServer((always(reply),)) as server,
        ttcp2018(server.base_url) as line,
        pytest.raises(CatalogueError) as caught,
    ):
        line.catalogue("5")
    assert caught.value.values == {"catalogue": "5", "unfit": unfit}


def test_an_answer_larger_than_its_bound_is_not_read(sandbox: Sandbox) -> None:
    sandbox.replace_catalogue("gender", {str(n): "a" * 400 for n in range(200)})
    with decree55(sandbox.base_url, max_answer_bytes=20_000) as line, pytest.raises(RemoteError) as caught:
        line.catalogue("gender")
    assert caught.value.id == "E-NET-UNREACHABLE"
    assert caught.value.values == {"fault": "too_large"}


def test_a_gateway_that_says_404_is_not_taken_for_the_national_side() -> None:
    page = answer(404, b"<html>", "text/html")
    with (
        FaultServer((always(TOKEN, page),)) as server,
        decree55(server.base_url) as line,
        pytest.raises(RemoteError) as caught,
    ):
        line.catalogue("gender")
    assert caught.value.id == "E-NET-STATUS"


def test_a_busy_side_is_told_as_such(sandbox: Sandbox) -> None:
    sandbox.play(FaultRule("busy_503", call="catalogue"))
    with decree55(sandbox.base_url) as line, pytest.raises(RemoteError) as caught:
        line.catalogue("field")
    sandbox.play()
    assert caught.value.id == "E-NET-BUSY"


def test_the_list_as_we_keep_it() -> None:
    reply = js({"name": "gender", "items": [{"code": "1", "title": "Nam ", "valid_to": "2026-06-30", "more": 1}]})
    with FaultServer((always(TOKEN, reply),)) as server, decree55(server.base_url) as line:
        read = line.catalogue("gender")
    assert read is not None
    assert [(entry.code, entry.title) for entry in read.entries] == [("1", "Nam")]
    assert isinstance(read.entries[0], CatalogueEntry)
