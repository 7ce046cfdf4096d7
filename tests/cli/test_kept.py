"""What decisions were made with is kept by digest, so that anybody can decide again and get the same document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from connector import decided
from connector.app import open_app
from connector.config import load_config
from connector.core.chain import canonical, digest
from connector.core.codes import CodeList
from connector.core.model import Actor, Kind
from connector.core.schema import Schemas
from connector.loading import mapping_at
from connector.store import audit, kept
from connector.store.kept import Texts
from tests.cli.conftest import World
from tests.world import AGENCY, install


def told(world: World) -> list[dict[str, Any]]:
    """The facts of the entries that say what decides from then on."""
    with open_app(load_config(world.config), Actor("test", "test")) as app, app.store.read() as connection:
        found = [orjson.loads(entry.content) for entry in audit.entries(connection, AGENCY)]
    return [fields[12] for fields in found if fields[5] == "kept.in_force"]


def documents(folder: Path) -> dict[str, Any]:
    return {path.stem: json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))}


def test_a_row_and_the_kept_mapping_give_the_same_document_again(synced, tmp_path):
    (facts,) = told(synced)
    said = synced("audit", "kept", facts["mapping"][:16], "--out", tmp_path / "kept")
    assert said.code == 0, said.err
    said.assert_narrow()
    schemas = Schemas.compile(documents(tmp_path / "kept" / "schemas" / "canonical"))
    lists = documents(tmp_path / "kept" / "schemas" / "codes")
    code_lists = {name: CodeList.compile(document) for name, document in lists.items()}
    again = mapping_at(tmp_path / "kept" / "mapping", schemas, code_lists)
    assert again.digest == facts["mapping"]
    sent = text("SELECT body, digest FROM delivery WHERE kind = 'petition' AND local_id = 'bentre:4'")
    with open_app(load_config(synced.config), Actor("test", "test")) as app:
        agency, mapping = app.agency(AGENCY), again.kind(Kind.PETITION)
        (page,) = agency.source.fetch(mapping, ["4"])
        (row,) = [row for row in page.rows if row.key.local_id == "bentre:4"]
        (document,) = mapping.apply(row, agency.policy).documents
        with app.store.read() as connection:
            body, digest_ = connection.execute(sent).one()
    assert (document.body, document.digest) == (body, digest_)


def test_the_log_holds_the_hash_of_what_is_kept_and_the_configuration_is_as_it_was_read(synced, tmp_path):
    (facts,) = told(synced)
    for what in ("config", "mapping"):
        with open_app(load_config(synced.config), Actor("test", "test")) as app, app.store.read() as connection:
            (texts,) = kept.found(connection, facts[what])
        assert digest(canonical(dict(texts.files))) == facts[f"{what}_kept"]
    assert synced("audit", "kept", facts["config"], "--out", tmp_path / "c").code == 0
    written = (tmp_path / "c" / "config.toml").read_bytes()
    assert written == synced.config.read_bytes()
    assert b"file:" in written  # secrets are references, so none is kept
    for secret in (synced.folder / "secrets").iterdir():
        assert secret.read_bytes().strip() not in written


def test_what_decides_is_told_once_until_it_changes(world):
    assert world("sync").code == 1
    assert world("sync").code == 1
    assert len(told(world)) == 1
    install(world.folder, world.sandbox.base_url, pull="page_limit = 7")
    assert world("sync").code == 1
    first, second = told(world)
    assert (first["mapping"], first["config"] != second["config"]) == (second["mapping"], True)
    listed = world("audit", "kept", "--json").json["kept"]
    assert sorted(line["what"] for line in listed) == ["config", "config", "mapping"]
    assert "cấu hình" in world("audit", "kept").out
    assert world("audit", "verify").code == 0


def test_what_was_edited_since_it_was_read_is_not_kept_under_a_digest_that_is_not_its_own(synced):
    config = load_config(synced.config)
    with open_app(config, Actor("test", "test")) as app:
        agency = app.agency(AGENCY)
        moved = config.model_copy(update={"digest": "0" * 64})
        found = decided.texts_in_force(moved, agency.section, agency.mapping)
    assert [one.what for one in found] == ["mapping"]


@pytest.mark.parametrize("digest_", ["0000", "zz", "%", "a" * 65])
def test_a_digest_that_is_not_kept_is_named(synced, digest_):
    said = synced("audit", "kept", digest_)
    assert (said.code, "E-KEPT-UNKNOWN" in said.err) == (65, True)


def test_no_file_is_replaced_and_none_is_written_outside_of_the_folder(synced, tmp_path):
    (facts,) = told(synced)
    said = synced("audit", "kept", facts["config"], "--out", tmp_path)
    assert (said.code, "E-KEPT-FOLDER" in said.err) == (65, True)
    with pytest.raises(ValueError, match="out of the folder"):
        decided.write(Texts("config", "0" * 64, {"../x": "x"}), tmp_path / "new")
    assert not (tmp_path / "x").exists()


def test_what_was_edited_while_a_daemon_goes_on_is_told_once_and_not_with_each_of_its_jobs(synced):
    install(synced.folder, synced.sandbox.base_url, pull="page_limit = 7")
    config = load_config(synced.config)
    install(synced.folder, synced.sandbox.base_url, pull="page_limit = 8")
    with open_app(config, Actor("test", "test")) as app:
        for _ in range(3):
            with app.stage_lock():
                pass
    assert len(told(synced)) == 2


def test_of_several_mappings_the_log_names_each(synced):
    """One after the other under the same word: the second had taken the place of the first."""
    two = [
        Texts("config", "0" * 64, {}),
        Texts("mapping", "1" * 64, {"a": "a"}),
        Texts("mapping", "2" * 64, {"b": "b"}),
    ]
    with open_app(load_config(synced.config), Actor("test", "test")) as app:
        with app.store.write() as tx:
            kept.put_in_force(tx, AGENCY, two, app.actor)
        with app.store.read() as connection:
            assert kept.is_in_force(connection, AGENCY, [one.digest for one in two])
    assert told(synced)[-1]["mapping"] == f"{'1' * 64} {'2' * 64}"
