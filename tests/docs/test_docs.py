"""What the documents say is what the program does: commands, keys, transforms, codes, states, columns, words."""

import re
import runpy
import sqlite3
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from connector.config import Config, ScheduleSection, load_config
from connector.core.transforms import TRANSFORMS
from connector.errors import ExitCode
from connector.national import ttcp2018_rules
from connector.sandbox import Variant
from connector.sandbox.desk import CALLS as PAGES_OF_THE_SANDBOX
from connector.sandbox.faults import OBSERVED
from connector.sandbox.faults import OPERATIONS as OPERATIONS_OF_TTCP2018
from connector.store import mirror
from connector.telling.words import messages

ROOT = Path(__file__).resolve().parents[2]
READMES = (ROOT / "README.md", ROOT / "README.vi.md")
PAGES = (*READMES, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")))
EXAMPLE = ROOT / "config.example.toml"
MAPPING = ROOT / "docs" / "mapping.md"
OPERATIONS = ROOT / "docs" / "operations.md"
OLD_INTERFACE = ROOT / "docs" / "old-interface.md"
SANDBOX = ROOT / "docs" / "sandbox.md"
MIRROR = ROOT / "docs" / "published-mirror.md"
UNIT = ROOT / "deploy" / "kntc.service"
CONSOLE_UNIT = ROOT / "deploy" / "kntc-console.service"


def name_of(page: Path) -> str:
    return page.name


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def rows_of(text: str) -> list[list[str]]:
    """The cells of all tables, heads left out."""
    rows = [line.strip().strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows if set("".join(row)) - set("-| ")]


def section_of(page: Path, heading: str) -> str:
    return text_of(page).split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


# --- commands


def command_tree() -> Any:
    from connector.cli import tree  # noqa: PLC0415 - the tree is heavy, and only these tests climb it

    return tree.made()


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    inner = getattr(command, "commands", None)
    if not inner:
        yield path
    for name, below in (inner or {}).items():
        yield from leaves(below, (*path, name))


def blocks_of(text: str) -> list[str]:
    return re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


A_COMMAND = re.compile(r"(?:sudo -u kntc (?:env \S+ )?)?kntc((?: +\S+)*)")


def said_commands(text: str) -> list[str]:
    """What follows `kntc` in code, up to a comment or what the shell would take away."""
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
    lines = [line for block in blocks_of(text) for line in block.splitlines()]
    found = (A_COMMAND.fullmatch(re.split(r"\s#|[|;>]", line)[0].strip()) for line in (*lines, *inline))
    return [match.group(1).strip() for match in found if match]


def wrong_in(said: str, tree: Any) -> str:
    """Why there is no such command line; "" if there is."""
    command, options = tree, {opt for param in tree.params for opt in param.opts}
    for word in said.split():
        inner = getattr(command, "commands", {})
        if word.startswith("-"):
            known = options | {opt for param in command.params for opt in param.opts} | {"--help"}
            if word.partition("=")[0] not in known:
                return f"no option {word}"
        elif word in inner:
            command = inner[word]
        elif inner:
            return f"no command {word}"
    return ""


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_in_the_documents_exists(page: Path):
    tree = command_tree()
    wrong = {said: reason for said in said_commands(text_of(page)) if (reason := wrong_in(said, tree))}
    assert not wrong


def test_a_command_that_does_not_exist_would_be_noticed():
    tree = command_tree()
    assert said_commands("`kntc quarantine burn <key>`\n```\nsudo -u kntc kntc list --dust 3  # no\n```\n") == [
        "list --dust 3",
        "quarantine burn <key",
    ]
    assert wrong_in("quarantine burn <key>", tree) == "no command burn"
    assert wrong_in("list --dust 3", tree) == "no option --dust"


def test_every_command_is_documented():
    documented = {said for page in PAGES for said in said_commands(text_of(page))}
    forgotten = [
        path for path in leaves(command_tree())
        if not any(said.split()[: len(path)] == list(path) for said in documented)
    ]  # fmt: skip
    assert not forgotten


def test_both_readmes_have_the_same_shape_and_the_same_commands():
    english, vietnamese = (text_of(page) for page in READMES)
    assert outline(english) == outline(vietnamese)
    assert command_lines(english) == command_lines(vietnamese)


def outline(text: str) -> list[str]:
    """Levels of headings, numbers of what is in bold, points of lists, rows of tables, in order."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"^(#+ |\*\*\d\.|\* |\|)", prose, re.MULTILINE)


def command_lines(text: str) -> list[str]:
    """The lines of all code blocks without comments, and without what a person writes between quotes."""
    lines = [line for block in blocks_of(text) for line in block.splitlines()]
    return [re.sub(r'"[^"]*"', '""', line.split("  #")[0]).strip() for line in lines]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_a_file(page: Path):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text_of(page))
    assert [link for link in links if not (page.parent / link).exists()] == []


# --- the old interface


def test_every_rule_of_the_old_interface_is_documented_with_its_verdict():
    said = {row[0]: row[1] for row in rows_of(text_of(OLD_INTERFACE))}
    assert {f"`{rule.name}`": rule.verdict.value for rule in ttcp2018_rules.RULES}.items() <= said.items()


def test_the_old_interface_says_what_it_cannot_do():
    limits = section_of(OLD_INTERFACE, "What it cannot do")
    assert all(f"No {what}" in limits for what in ("reception", "withdrawal", "status"))


# --- configuration


def keys_of_model(model: type[BaseModel], place: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        here = f"{place}.{name}" if place else name
        inner = [part for part in (field.annotation, *get_args(field.annotation)) if isinstance(part, type)]
        section = next((part for part in inner if issubclass(part, BaseModel)), None)
        if section is not None:
            yield from keys_of_model(section, here)
        elif here not in {"path", "digest"}:  # of the file as a whole
            yield here


def keys_of_example() -> Iterator[tuple[str, str]]:
    """Each key of the file, commented out or not, with its comment, in the order of the file."""
    place, above = "", ""
    for line in text_of(EXAMPLE).splitlines():
        if table := re.match(r"\[+([\w.]+)\]+", line):
            place, above = table.group(1), ""
        elif place and (key := re.match(r"(?:# )?(\w+) = (?:\"[^\"]*\"|[\w.]+|\[.*?\]|\{.*?\})\s*(?:# (.+))?$", line)):
            yield f"{place}.{key.group(1)}", key.group(2) or above
            above = ""
        else:
            above = line.strip("# ") if line.startswith("#") else ""


def test_the_example_has_every_key_of_the_configuration_and_no_other():
    in_file = [key for key, _ in keys_of_example()]
    in_model = set(keys_of_model(Config))
    assert in_model - set(in_file) == set(), "the example does not show them"
    assert set(in_file) - in_model == set(), "the program does not know them"


def test_every_key_of_the_example_is_explained():
    explained: dict[str, str] = {}
    for key, comment in keys_of_example():
        explained[key] = explained.get(key) or comment
    assert [key for key, comment in explained.items() if not comment] == []


def test_the_example_loads_and_touches_nothing_it_refers_to(tmp_path: Path):
    copy = tmp_path / "config.toml"
    copy.write_bytes(EXAMPLE.read_bytes())
    config = load_config(copy)
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]
    assert config.data_dir == tmp_path / "data"
    assert len(config.agency) > 1
    secrets = [
        config.store.key,
        *(a.evidence_key for a in config.agency),
        *(a.credentials.client_secret for a in config.agency),
    ]
    assert all(secret is not None and secret.startswith("file:secrets/") for secret in secrets)


def test_the_example_loads_with_every_key_that_it_only_mentions(tmp_path: Path):
    copy = tmp_path / "config.toml"
    copy.write_text(re.sub(r"^# (?=\w+ = )", "", text_of(EXAMPLE), flags=re.MULTILINE), encoding="utf-8")
    assert load_config(copy).agency[0].legal_basis


def test_the_defaults_in_the_example_are_those_of_the_program(tmp_path: Path):
    copy = tmp_path / "config.toml"
    copy.write_bytes(EXAMPLE.read_bytes())
    config = load_config(copy)
    sections = (config.collect, config.push, config.pull, config.schedule, config.audit, config.console)
    for section in (*sections, config.retention):
        assert section == type(section)()


# --- the mapping language


def test_every_transform_is_documented_with_its_options():
    rows = {row[0].strip("`"): row for row in rows_of(section_of(MAPPING, "Transforms"))[1:]}
    assert set(rows) == set(TRANSFORMS)
    assert {name: [o for o in t.options if f"`{o}`" not in rows[name][-1]] for name, t in TRANSFORMS.items()} == {
        name: [] for name in TRANSFORMS
    }


def test_every_error_of_a_mapping_is_documented_and_no_other():
    code = "".join(
        text_of(path) for folder in ("core", "sources") for path in (ROOT / "connector" / folder).glob("*.py")
    )
    code += text_of(ROOT / "connector" / "loading.py") + text_of(ROOT / "connector" / "config_problems.py")
    said = set(re.findall(r"\bE-(?:CFG|MAP|DOC)-[A-Z-]+[A-Z]", text_of(MAPPING)))
    raised = set(re.findall(r'"(E-(?:CFG|MAP|DOC)-[A-Z-]+[A-Z])"', code))
    elsewhere = {
        "E-CFG-SCHEMA",
        "E-CFG-SECRECY-BASIS",
        "E-CFG-SOURCE-URL",
        "E-CFG-DRIVER",
        "E-CFG-SHARED-SOURCE",
    }  # not of a mapping's files
    assert raised - said - elsewhere == set()
    assert said - raised == set()


def test_every_key_that_the_shipped_mappings_use_is_documented():
    text = text_of(MAPPING)
    used = {key for path in (ROOT / "mappings").rglob("*.toml") for key in language_of(tomllib.loads(text_of(path)))}
    assert [key for key in sorted(used) if not re.search(rf"[`\[.]{key}[`\].]", text)] == []


def language_of(table: Any) -> Iterator[str]:
    """Keys of the language; not the names that a mapping gives itself."""
    for key, value in table.items():
        yield key
        below = value.values() if key in {"fields", "tables"} else [value]
        if key not in {"origin", "map", "reasons"}:
            for inner in below:
                for found in inner if isinstance(inner, list) else [inner]:
                    yield from language_of(found) if isinstance(found, dict) else ()


def test_every_example_of_the_mapping_page_is_toml():
    examples = re.findall(r"^```toml\n(.*?)^```", text_of(MAPPING), re.DOTALL | re.MULTILINE)
    assert len(examples) > 3
    assert all(tomllib.loads(example) for example in examples)


# --- operations


def test_every_exit_code_is_documented_and_no_other():
    rows = rows_of(section_of(OPERATIONS, "Exit codes"))[1:]
    assert [int(row[0]) for row in rows] == [int(code) for code in ExitCode]


def test_every_operation_form_fault_and_page_of_the_sandbox_is_documented():
    text = text_of(SANDBOX)
    operations, forms = (rows_of(part)[1:] for part in section_of(SANDBOX, "`ttcp2018`").split("\n### Its forms\n"))
    assert {row[0].strip("`") for row in operations} == OPERATIONS_OF_TTCP2018
    assert {name for row in forms for name in re.findall(r"`(\w+)`", row[0])} == {f.name for f in fields(Variant)}
    assert set(re.findall(r"/_sandbox/(\w+)`", text)) == PAGES_OF_THE_SANDBOX
    assert [fault for fault in OBSERVED if f"`{fault}`" not in text] == []


def test_the_life_of_a_delivery_is_drawn_as_it_is():
    made = runpy.run_path(str(ROOT / "docs" / "lifecycle.py"))
    assert text_of(ROOT / "docs" / "lifecycle.md") == made["page"](), "run: python docs/lifecycle.py"


def test_every_view_of_the_published_mirror_is_documented_with_its_columns():
    database = sqlite3.connect(":memory:")
    database.executescript(mirror._PUBLISHED)
    views = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'view' ORDER BY rowid")]
    columns = {view: [row[1] for row in database.execute(f"PRAGMA table_info({view})")] for view in views}
    database.close()
    documented = {
        view: [name for row in rows_of(section_of(MIRROR, f"`{view}`"))[1:] for name in re.findall(r"`(\w+)`", row[0])]
        for view in views
    }
    assert documented == columns
    assert re.findall(r"^## `(\w+)`", text_of(MIRROR), re.MULTILINE) == views


def test_systemd_waits_longer_than_the_daemon_and_does_not_restart_what_a_file_must_be_edited_for():
    unit = dict(re.findall(r"^(\w+)=(.*)$", text_of(UNIT), re.MULTILINE))
    assert unit["ExecStart"].endswith("/kntc run")
    assert int(unit["TimeoutStopSec"]) > ScheduleSection().stop_timeout_s
    assert str(int(ExitCode.CONFIGURATION)) in unit["RestartPreventExitStatus"].split()


def test_the_consoles_unit_is_shut_in_as_the_daemons_and_reaches_no_network():
    daemon, console = (dict(re.findall(r"^(\w+)=(.*)$", text_of(unit), re.MULTILINE)) for unit in (UNIT, CONSOLE_UNIT))
    assert console["ExecStart"].endswith("/kntc console")
    assert str(int(ExitCode.CONFIGURATION)) in console["RestartPreventExitStatus"].split()
    assert (console["IPAddressDeny"], console["IPAddressAllow"]) == ("any", "localhost")
    differ = {
        "Description",
        "Documentation",
        "ExecStart",
        "Wants",
        "After",
        "TimeoutStopSec",
        "RestrictAddressFamilies",
    }
    assert {key for key in daemon if console.get(key) != daemon[key]} <= differ


def test_every_entry_of_the_console_is_documented_and_no_other():
    said = set(
        re.findall(r"`(console\.[a-z_]+)`", section_of(ROOT / "docs" / "console.md", "What is noted in the audit log"))
    )
    assert {f"event.{name}" for name in said} == {id_ for id_ in messages() if id_.startswith("event.console.")}
