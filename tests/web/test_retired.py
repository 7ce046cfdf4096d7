"""A record whose text was erased: the page says on which day, and shows what is not personal."""

from __future__ import annotations

import html
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy import select

from connector.app import open_app, utc_now
from connector.config import load_config
from connector.core.model import Actor, Kind
from connector.store.tables import Delivery, table_of
from connector.telling.words import HERE
from tests.web.conftest import Console, serve
from tests.world import AGENCY

DELIVERY = table_of(Delivery)
LATER = timedelta(days=31)


@pytest.fixture(scope="module")
def erased(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Console, str, str]]:
    """The console over a store whose texts went a month after the sync; a complaint of it, and what it had said."""
    folder = tmp_path_factory.mktemp("retired") / "copy"
    shutil.copytree(installed.parent, folder)
    config = folder / installed.name
    text = config.read_text("utf-8").replace(str(installed.parent), str(folder))
    config.write_text(f"{text}\n[retention]\nbodies_days = 30\n", "utf-8")
    now = utc_now() + LATER
    with open_app(load_config(config), Actor("test", "test"), now=lambda: now) as app:
        wanted = select(DELIVERY.c.local_id, DELIVERY.c.body).where(
            DELIVERY.c.agency == AGENCY,
            DELIVERY.c.kind == Kind.PETITION,
            DELIVERY.c.state == "delivered",
            DELIVERY.c.concealed.is_(False),
        )
        with app.store.read() as connection:
            local_id, body = next(row for row in connection.execute(wanted) if b'"type":"complaint"' in row.body)
        for _ in app.retire(AGENCY):
            pass
    with serve(config) as console:
        yield console, local_id, str(orjson.loads(body)["content"])


def test_the_page_of_a_record_says_when_its_text_was_erased_and_keeps_what_names_nobody(
    erased: tuple[Console, str, str],
) -> None:
    console, local_id, content = erased
    day = (utc_now() + LATER).astimezone(HERE).strftime("%d/%m/%Y")
    page = console.visit("minh").get(f"/{AGENCY}/record", params={"kind": "petition", "id": local_id})
    text = html.unescape(page.text)
    assert page.status_code == 200
    assert f"Its text was erased on {day}" in text
    assert "its text was erased, its time being over" in text
    assert "complaint" in text.lower()
    assert content not in text


def test_the_dossier_says_the_same(erased: tuple[Console, str, str], tmp_path: Path) -> None:
    console, local_id, content = erased
    console.command("audit", "dossier", "petition", local_id, "--agency", AGENCY, "--out", str(tmp_path / "don.html"))
    page = html.unescape((tmp_path / "don.html").read_text("utf-8"))
    assert "Its text was erased on" in page
    assert content not in page
