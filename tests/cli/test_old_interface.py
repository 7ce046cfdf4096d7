"""Configuration chooses the observed interface, and says what is wrong with that choice before anything is sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from connector import edges
from connector.config import Config, load_config
from connector.core.model import Kind
from connector.errors import ConfigError
from connector.loading import compile_mappings
from connector.national.decree55 import Decree55
from connector.national.ttcp2018 import Ttcp2018
from connector.resources import shipped
from connector.sample.agency import build
from tests.cli.conftest import kntc
from tests.national.fault_server import FaultServer, Talk, answer
from tests.world import AGENCY, client_secret, install, source_path

CATALOGUE = [{"Ma": "1", "Ten": "Bưu chính"}]
OLD = 'profile = "ttcp2018"\n[national.ttcp2018]\nagencies = { "H51.01" = "H811.01" }\n'


def old_side(talk: Talk) -> None:
    """Enough of a national side for a check: a token for whoever knows the secret, and one catalogue."""
    while (received := talk.receive()) is not None:
        asked = orjson.loads(received.body)
        if received.target == "/auth/generateToken":
            good = asked == {"username": f"client of {AGENCY}", "password": client_secret()}
            talk.send(answer(200, orjson.dumps({"access_token": "t-1"})) if good else answer(401))
        else:
            talk.send(answer(200, orjson.dumps(orjson.dumps(CATALOGUE).decode()), "text/html"))


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer((old_side,)) as started:
        yield started


def national_of(config: Config) -> Decree55 | Ttcp2018:
    section = config.agency[0]
    line = edges.national_of(config, section, compile_mappings(config)[section.code], threading.Event())
    line.close()
    assert isinstance(line, Decree55 | Ttcp2018)
    return line


def test_a_check_of_the_old_interface_reads_a_catalogue(tmp_path: Path, server: FaultServer) -> None:
    config = install(tmp_path, server.base_url, national=OLD)
    build(source_path(tmp_path), 7, 20)
    said = kntc("--config", config, "check", "--lang", "vi")
    assert said.code == 0, said.out + said.err
    assert [received.target for received in server.received] == ["/auth/generateToken", "/KNTC/TraDanhMuc"]


def test_a_check_of_the_old_interface_tells_why_it_failed(tmp_path: Path, server: FaultServer) -> None:
    config = install(tmp_path, server.base_url, national=OLD)
    build(source_path(tmp_path), 7, 20)
    (tmp_path / "secrets" / "client").write_text("wrong\n", encoding="ascii")
    said = kntc("--config", config, "check", "--lang", "vi")
    assert said.code == 78
    assert "không chấp nhận tài khoản của H51.01. (E-AUTH)" in said.text


def test_the_secret_of_a_second_token_is_checked_with_the_others(tmp_path: Path, server: FaultServer) -> None:
    extra = 'extra_token_header = "lgspaccesstoken"\nextra_token = "file:secrets/lgsp"\n'
    config = install(tmp_path, server.base_url, national=OLD + extra)
    said = kntc("--config", config, "check", "--lang", "vi")
    assert said.code == 78
    assert "national.ttcp2018.extra_token" in said.out
    assert server.received == []


def test_the_profile_is_a_choice_of_the_configuration(tmp_path: Path) -> None:
    assert isinstance(national_of(load_config(install(tmp_path, "http://127.0.0.1:9"))), Decree55)
    line = national_of(load_config(install(tmp_path, "http://127.0.0.1:9", national=OLD)))
    assert isinstance(line, Ttcp2018)
    assert line.capabilities.absent_after_s == 600
    assert Kind.RECEPTION not in line.capabilities.carried


@pytest.mark.parametrize(
    ("national", "expected"),
    [
        ('profile = "ttcp2018"', "national.ttcp2018.agencies"),
        (OLD.replace("H51.01", "H51.09"), "the national code of each agency"),
        (OLD + "bas_path = 1", "national.ttcp2018.bas_path"),
        (OLD + 'base_path = "KNTC"', "national.ttcp2018.base_path"),
        (OLD + 'base_path = "/a b"', "national.ttcp2018.base_path"),
        (OLD + 'auth = "digest"', "national.ttcp2018.auth"),
        (OLD + 'extra_token_header = "x"', "national.ttcp2018.extra_token "),
        (OLD + 'extra_token = "file:x"', "national.ttcp2018.extra_token_header "),
        (OLD + 'extra_token = "the token itself"\nextra_token_header = "x"', "national.ttcp2018.extra_token"),
        (OLD + 'headers = { "Content-Type" = "a" }', "none that the program sets by itself"),
        (OLD + 'headers = { "A" = "đ" }', "national.ttcp2018.headers"),
        ('client_key = "a.key"', "national.client_certificate "),
    ],
)
def test_a_configuration_that_cannot_work_is_refused_with_its_key(tmp_path: Path, national: str, expected: str) -> None:
    path = install(tmp_path, "http://127.0.0.1:9", national=national)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert expected in " ".join(f"{found.values['key']} {found.values['expected']}" for found in caught.value.problems)


def test_an_agency_may_bring_national_codes_that_it_found_out(tmp_path: Path) -> None:
    path = install(tmp_path, "http://127.0.0.1:9", national=OLD + 'codes = "ours"')
    folder = tmp_path / "ours"
    with pytest.raises(ConfigError) as caught:
        national_of(load_config(path))
    assert caught.value.id == "E-CFG-WIRE-CODES"
    folder.mkdir()
    gender = json.loads(shipped("schemas", "wire", "ttcp2018", "codes", "gender.json").read_bytes())
    gender["codes"] = [{"code": "male", "national": "1", "source": "letter 7 of the operator"}]
    (folder / "gender.json").write_text(json.dumps(gender), encoding="utf-8")
    assert isinstance(national_of(load_config(path)), Ttcp2018)
    (folder / "gendre.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        national_of(load_config(path))
    assert caught.value.values["file"] == "gendre.json"
    (folder / "gendre.json").write_text("{", encoding="utf-8")
    with pytest.raises(ConfigError):
        national_of(load_config(path))
