"""`kntc mapping diff --against-ledger`: what an edited mapping would change, before it does."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.cli.conftest import CANARY, World

MINE = "mappings/bentre"


def digest_of(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.suffix != ".lock" and not path.name.endswith("-shm")
    }


@pytest.fixture
def edited(synced: World) -> World:
    """The agency after its first sync, with a mapping of its own in which one code means something else."""
    codes = synced.folder / MINE / "codes" / "loai-don.toml"
    text = codes.read_text(encoding="utf-8")
    codes.write_text(text.replace('1 = "complaint"', '1 = "recommendation_feedback"'), encoding="utf-8")
    assert '1 = "recommendation_feedback"' in codes.read_text(encoding="utf-8")
    return synced


def test_it_counts_new_versions_by_kind_and_field_and_shows_only_open_values(edited: World) -> None:
    before = digest_of(edited.folder / "data")
    said = edited("mapping", "diff", "--against-ledger", "--json")
    assert said.code == 0
    found = said.json["agencies"][0]
    assert found["counts"]["petition"]["update"] > 0
    assert found["fields"]["petition"]["/type"] == found["counts"]["petition"]["update"]
    shown = [one for one in found["examples"] if "/petition/" in one["key"]]
    assert len(shown) == 5
    example = shown[0]
    kind = {one["field"]: one for one in example["fields"]}["/type"]
    assert (kind["before"], kind["after"]) == ("complaint", "recommendation_feedback")
    assert CANARY not in said.out
    assert digest_of(edited.folder / "data") == before


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_it_says_it_in_sentences(edited: World, lang: str) -> None:
    said = edited("mapping", "diff", "--against-ledger", "--examples", "2", lang=lang)
    said.assert_narrow()
    assert "complaint -> recommendation_feedback" in said.text
    assert CANARY not in said.out


def test_what_is_compared_must_be_said(synced: World) -> None:
    assert synced("mapping", "diff").code == 2
