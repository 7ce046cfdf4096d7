"""SIGKILL around what a workbook decides: all of it stands, with its entries, or none; the same workbook ends it."""

from __future__ import annotations

from pathlib import Path

from connector.cli import main
from connector.sample.agency import build
from connector.sandbox import Sandbox
from tests.cli.conftest import break_rows
from tests.crash import commits
from tests.crash.test_every_commit import SEED, Deaths, installed
from tests.sources.workbooks import filled
from tests.world import credentials, source_path


def kntc(config: Path, *args: str | Path) -> int:
    return main(["--config", str(config), "--lang", "en", "--quiet", *map(str, args)])


def test_no_death_while_a_workbook_is_carried_out_takes_half_of_it(tmp_path: Path) -> None:
    build(source_path(tmp_path), SEED, petitions=20)
    break_rows(tmp_path)
    with Sandbox(credentials=credentials(), seed=SEED) as sandbox:
        config = installed(tmp_path, sandbox)
        assert kntc(config, "collect") == 1
        deaths = Deaths(config)
        held = tmp_path / "held.xlsx"
        assert kntc(config, "quarantine", "workbook", held) == 0
        held.write_bytes(filled(held.read_bytes(), {"H6": "Read again", "H7": "Known"}))
        said = deaths.through("quarantine", "apply", str(held), "--reason", "r", codes=(0,))
        assert deaths.has_died("cli/quarantine_workbook.py:_carry_out#1")
        assert "E-WORKBOOK-CHANGED" in said  # the last of those that died had done it
        commits.verify(tmp_path)

        sandbox.replace_catalogue("handling", {"accepted": "Thụ lý", "guided": "Hướng dẫn"})
        assert kntc(config, "catalogue", "pull") == 0
        assert kntc(config, "catalogue", "match", "--map", "huong-xu-ly") == 1
        match = tmp_path / "match.xlsx"
        assert kntc(config, "catalogue", "match", "--map", "huong-xu-ly", "--workbook", match) == 0
        match.write_bytes(filled(match.read_bytes(), {"I6": "Another code", "J6": "guided"}))
        said = deaths.through("catalogue", "apply", str(match), "--map", "huong-xu-ly", "--reason", "r", codes=(0,))
        assert deaths.has_died("cli/match_workbook.py:_note#1")
        assert "1 code was written" in said  # a death behind the entry leaves the map as it was, and the workbook good
        commits.verify(tmp_path)
        code_map = tmp_path / "mappings" / "bentre" / "codes" / "huong-xu-ly.toml"
        assert code_map.read_text(encoding="utf-8").count('= "guided"  # ') == 1
