"""The tree of commands: what it loads, how it helps, what it says when it is not understood."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from connector.cli import demo, hoisted, tree
from connector.telling import naming
from connector.telling.words import Words, messages
from tests.cli.conftest import kntc

HEAVY = ("sqlmodel", "httpx", "sqlalchemy", "pydantic", "rich", "structlog", "connector.app", "connector.config")


def walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from walk(inner, (*path, name))


def every_command() -> list[tuple[tuple[str, ...], Any]]:
    return list(walk(tree.worded(tree.made(), Words("vi"))))


def test_help_loads_neither_store_nor_network():
    program = "import sys; from connector.cli import main; main(['--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert [name for name in HEAVY if name in done.stdout.splitlines()[-1].split()] == []


def test_a_list_of_commands_loads_none_of_them_and_a_command_no_other():
    """The files of all of them are most of what `kntc --help` used to wait for."""
    program = "import sys; from connector.cli import main; main(sys.argv[1:]); print(*sys.modules)"
    for given, loaded in ((["--help"], []), ([], []), (["version"], ["connector.cli.about"])):
        done = subprocess.run([sys.executable, "-c", program, *given], capture_output=True, text=True, check=True)
        nouns = {f"connector.cli.{place.partition('.')[0]}" for place in places(tree.COMMANDS)}
        assert sorted(nouns.intersection(done.stdout.splitlines()[-1].split())) == loaded


def places(commands: Mapping[str, Any]) -> Iterator[str]:
    for what in commands.values():
        yield from [what] if isinstance(what, str) else places(what)


@pytest.mark.parametrize("path", [path for path, _ in every_command()], ids=" ".join)
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_command_explains_itself_within_80_columns(path, lang):
    said = kntc(*path, "--help", "--lang", lang)
    assert said.code == 0
    assert "help." not in said.out
    said.assert_narrow()


@pytest.mark.parametrize("before", [(), ("-v", "--lang", "en"), ("--config", "audit", "--lang=en")])
def test_a_command_is_the_same_made_alone_as_among_all(before):
    (_, whole), *commands = every_command()
    for path, command in commands:
        found = alone = tree.command_for([*before, *path, "--dry-run"])
        for name in path:
            found = found.commands[name]
        assert [*alone.commands] == [path[0]]
        assert [param.opts for param in alone.params] == [param.opts for param in whole.params]
        assert [param.opts for param in found.params] == [param.opts for param in command.params]


@pytest.mark.parametrize("given", [(), ("--help", "sync"), ("-qv", "sync"), ("syn",), ("--lang",), ("--", "sync")])
def test_where_no_command_is_named_all_of_them_are_there(given):
    assert len(tree.command_for(given).commands) == len(every_command()[0][1].commands)


def test_every_option_has_its_words():
    ours = {
        (path, option.name)
        for path, command in every_command()
        for option in command.params
        if option.param_type_name == "option" and option.name not in ("help", "install_completion", "show_completion")
    }
    assert [(path, name) for path, name in sorted(ours) if f"option.{name}" not in messages()] == []


def test_an_unknown_command_is_a_usage_error_with_the_way_out():
    said = kntc("statu", "--lang", "vi")
    assert said.code == 2
    assert said.out == ""
    assert "LỖI: Lệnh gõ chưa đúng" in said.err
    assert "kntc --help" in said.err
    said.assert_narrow()


def test_global_options_may_stand_anywhere():
    assert hoisted(["sync", "-c", "f.toml", "--json", "-v"]) == ["-c", "f.toml", "-v", "sync", "--json"]
    assert hoisted(["pause", "--", "-c", "x"]) == ["pause", "--", "-c", "x"]


def test_a_missing_configuration_says_where_it_was_looked_for(tmp_path):
    said = kntc("status", "--config", tmp_path / "none.toml", "--lang", "vi")
    assert said.code == 78
    assert "KNTC_CONFIG" in said.err
    assert "E-CFG-NO-FILE" in said.err


def test_the_page_of_an_error_id_can_be_read():
    said = kntc("help", "e-store-absent", "--lang", "vi")
    assert said.code == 0
    assert "Chưa có sổ dữ liệu" in said.out
    assert kntc("help", "E-NOTHING").code == 65
    assert kntc("help").out.count("\nE-") > 80


def test_version_is_told_to_machines_too():
    assert kntc("version", "--json").json["format"] == 1


def test_the_commands_that_are_shown_work_as_typed(tmp_path, monkeypatch):
    """The demo ended with `kntc --config …`, and `kntc` was not on the path: "command not found"."""
    program = tmp_path / "thư mục" / "bin" / "kntc"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n", encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(program)])
    monkeypatch.setenv("PATH", "/nonexistent")
    assert naming.program() == f"'{program}'"
    monkeypatch.chdir(tmp_path)
    assert naming.program() == "'thư mục/bin/kntc'"
    monkeypatch.setenv("PATH", str(program.parent))
    assert naming.program() == "kntc"


def test_a_command_that_is_too_long_for_a_line_goes_on_for_the_shell_too():
    assert demo._to_type("kntc --config a/config.toml", "status") == ["  kntc --config a/config.toml status"]
    first, second = demo._to_type(f"kntc --config {'a' * 70}", "status")
    assert (first[-1], second) == ("\\", "    status")


@pytest.mark.parametrize("path", [path for path, _ in every_command()], ids=" ".join)
def test_a_vietnamese_help_page_has_no_english_word_of_the_library(path):
    out = kntc(*path, "--help", "--lang", "vi").out
    assert out.startswith("Cách dùng: kntc")
    english = r"\b(Usage|Options|Commands|Arguments|OPTIONS|COMMAND|ARGS|required|default|Show|Install|str|int|list\[)"
    assert re.findall(english, out) == []


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["explain"], "thiếu tham số hồ sơ."),
        (["unknown", "link", "don", "1"], "thiếu tùy chọn --to."),
        (["syncc"], "không có lệnh 'syncc'. Có phải ý là 'sync', 'resync'?"),
        (["xyz"], "không có lệnh 'xyz'."),
        (["sync", "--agenc", "H51"], "không có tùy chọn --agenc (có thể ý là --agency)"),
        (["sync", "--zzz"], "không có tùy chọn --zzz"),
        (["sync", "--dry-run=3"], "tùy chọn '--dry-run' không đi kèm giá trị."),
        (["sync", "--agency"], "tùy chọn '--agency' cần một giá trị."),
        (["sync", "x"], "thừa tham số (x)"),
        (["list", "--limit", "x"], "giá trị của --limit không dùng được: cần một số nguyên"),
        (["list", "--limit", "0"], "giá trị của --limit không dùng được: cần ít nhất 1"),
        (["list", "--limit", "100001"], "giá trị của --limit không dùng được: cần tối đa 100000"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_that_is_not_understood_is_told_in_vietnamese(args, told):
    said = kntc("--lang", "vi", *args)
    assert said.code == 2
    assert told in " ".join(said.err.split())


def test_the_configured_language_is_spoken_before_the_configuration_is_loaded(tmp_path, monkeypatch):
    """With LANG unset, --help and usage errors spoke English to an agency that had asked for Vietnamese."""
    config = tmp_path / "config.toml"
    for text, start in (
        ('[connector]\nlanguage = "vi"\n', "Cách dùng:"),
        ('[connector]\nlanguage = "en"\n', "Usage:"),
        ("[connector]\n", "Cách dùng:"),
        ('[connector\nlanguage = "vi"\n', "Cách dùng:"),
    ):
        config.write_text(text, encoding="utf-8")
        assert kntc("--help", "-c", config).out.startswith(start)
        assert kntc("--help", f"--config={config}").out.startswith(start)
        monkeypatch.setenv("KNTC_CONFIG", str(config))
        assert kntc("--help").out.startswith(start)
        assert kntc("audit").out.startswith(start)
        monkeypatch.delenv("KNTC_CONFIG")
    assert kntc("--help", "-c", config, "--lang", "en").out.startswith("Usage:")
    assert kntc("-c", config, "mapping", "check", tmp_path).err.startswith("LỖI:")
    assert kntc("--help", "-c", tmp_path / "none.toml").out.startswith("Usage:")


@pytest.mark.parametrize("what", ["folder", "absent"])
def test_a_configuration_that_cannot_be_read_is_78_whatever_it_is(tmp_path, what):
    assert kntc("status", "-c", {"folder": tmp_path, "absent": tmp_path / "none"}[what]).code == 78


def test_a_reader_who_leaves_early_is_no_error():
    program = "import sys; from connector.cli import main; sys.exit(main(['help']))"
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(30) == 0


def test_a_ctrl_c_before_anything_is_read_is_told_like_a_later_one(monkeypatch):
    def interrupted(_given):
        raise KeyboardInterrupt

    monkeypatch.setattr("connector.cli._run", interrupted)
    said = kntc("status", "--lang", "vi")
    assert said.code == 1
    assert "E-INTERRUPTED" in said.err
