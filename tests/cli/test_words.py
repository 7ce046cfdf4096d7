"""One catalogue for all that is said: complete, in two languages, and in the law's own words."""

from __future__ import annotations

import ast
import json
import re
import string
import unicodedata
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from connector import config, config_problems
from connector.cli.screen import WIDTH, paired, spread, tabled, wrapped
from connector.core import codes, transforms
from connector.core.attachments import HOLDING
from connector.core.model import KINDS, Cause, State
from connector.core.transforms import Bad
from connector.national import rules, ttcp2018_rules
from connector.national.base import Fault
from connector.national.wording import UNRECOGNISED
from connector.resources import schema_documents, shipped
from connector.store.stories import Moment
from connector.telling.timeline import values_of
from connector.telling.words import LANGUAGES, Words, language_of, messages
from connector.web.pages import PAGES

PACKAGE = Path(__file__).resolve().parents[2] / "connector"


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def names_in(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("id_", messages())
def test_every_message_has_both_languages_and_the_same_values(id_):
    message = messages()[id_]
    assert set(message) == set(LANGUAGES)
    assert names_in(message["vi"]) == names_in(message["en"])
    assert all(text.strip() and unicodedata.normalize("NFC", text) == text for text in message.values())


def test_a_sentence_of_the_audit_log_names_nothing_that_it_is_not_given():
    moment = Moment(datetime(2026, 3, 2, tzinfo=UTC), "store.opened", "clerk", "", 1, {})
    given = values_of(SimpleNamespace(say=Words("vi")), moment).keys()
    named = {id_: names_in(message["vi"]) - given for id_, message in messages().items() if id_.startswith("event.")}
    assert {id_: names for id_, names in named.items() if names} == {}


def test_every_error_id_of_the_program_has_its_three_parts():
    ids = {found for path in sources() for found in re.findall(r"[\"'](E-[A-Z0-9-]+)[\"']", path.read_text("utf-8"))}
    assert len(ids) > 80
    missing = [
        f"{id_}.{part}"
        for id_ in sorted(ids)
        for part in ("what", "why", "next")
        if not Words("vi").has(f"{id_}.{part}")
    ]
    assert missing == []


def test_every_message_that_a_command_or_page_says_is_in_the_catalogue():
    said = set()
    for path in [path for folder in ("cli", "telling", "web") for path in sorted((PACKAGE / folder).rglob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "say":
                said |= {arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)}
    assert len(said) > 150
    assert sorted(said - messages().keys()) == []


def test_every_message_that_a_template_says_is_in_the_catalogue():
    pages = "".join(path.read_text("utf-8") for path in (PACKAGE / "web").rglob("*") if path.suffix in {".py", ".html"})
    said = re.findall(r"""say\(\s*["']([a-z_.]+)["']\s*[,)]""", pages)
    assert len(said) > 60
    assert sorted(set(said) - messages().keys()) == []
    begun = set(re.findall(r"""say\(\s*f?["']([a-z_.]+\.)(?:["'] ~|\{)""", pages))
    assert [start for start in begun if not any(id_.startswith(start) for id_ in messages())] == []


def test_every_page_of_the_console_has_its_words():
    titled = [page.name for page in PAGES if page.in_menu]
    assert [name for name in titled if not Words("vi").has(f"console.page.{name}")] == []


def test_every_state_cause_kind_rule_and_fault_has_a_label():
    say = Words("vi")
    wanted = [f"state.{name}" for name in (*State, "returned", "blocked")]
    wanted += [f"cause.{name}" for name in Cause] + [f"kind.{name}" for name in KINDS]
    tables = (rules.RULES, rules.SIGHTINGS, ttcp2018_rules.RULES, ttcp2018_rules.SEARCH_RULES)
    wanted += [f"rule.{rule.name}" for table in tables for rule in table] + [f"fault.{fault}" for fault in Fault]
    wanted += [f"rule.{name}" for name in ("untranslatable", "no_withdrawal", "id_missing", "not-findable")]
    wanted += [f"rule.{name}" for name in ("own_id_not_listed", "own_reference", "reference_of_older", "older")]
    wanted += [f"rule.{name}" for name in ("reference_of_newer", "same_person_and_content", "several_certain")]
    wanted += ["rule.none_certain"]
    assert [id_ for id_ in wanted if not say.has(id_)] == []


def test_every_audit_event_has_a_sentence():
    told = {
        name for path in sources() for name in re.findall(r'Event\(\s*"([a-z]+\.[a-z_]+)"', path.read_text("utf-8"))
    }
    told |= {"delivery.answered", "delivery.looked_for", "delivery.orphaned", "delivery.freed"}
    assert [name for name in sorted(told) if not any(id_.startswith(f"event.{name}") for id_ in messages())] == []


def test_national_statuses_are_those_of_the_code_list():
    codes = json.loads(shipped("schemas", "codes", "national-status.json").read_text("utf-8"))["codes"]
    assert {f"national.{code['code']}": {"vi": code["vi"], "en": code["en"]} for code in codes} == {
        id_: dict(message)
        for id_, message in messages().items()
        if id_.startswith("national.") and id_ != f"national.{UNRECOGNISED}"  # our word, where theirs is no code
    }


@pytest.mark.parametrize("word", ["thành công", "tồn đọng", "cách ly", "rút đơn", "kiểm toán", "PAKN"])
def test_no_message_uses_a_word_of_the_law_for_something_else(word):
    assert [id_ for id_, message in messages().items() if word in message["vi"]] == []


def test_numbers_and_times_are_written_as_in_vietnam():
    say = Words("vi")
    at = datetime(2026, 11, 12, 7, 20, tzinfo=UTC)
    assert say.number(1754) == "1.754"
    assert say.number(0.4) == "0,4"
    assert say.instant(at) == "12/11/2026 14:20"
    assert say.day(date(2026, 11, 12)) == "12/11/2026"
    assert say.moment(at, at) == "14:20"
    assert say.moment(at, datetime(2026, 12, 1, tzinfo=UTC)) == "12/11 14:20"
    assert say.span(41) == "41 giây"
    assert say.span(6 * 86_400 + 5) == "6 ngày"
    assert say("wait.unknown", count=1754, due="x").startswith("1.754 hồ sơ")


@pytest.mark.parametrize(
    ("asked", "configured", "machine", "language"),
    [
        ("en", "vi", "vi_VN.UTF-8", "en"),
        (None, "vi", "C", "vi"),
        (None, None, "vi_VN.UTF-8", "vi"),
        (None, None, "C.UTF-8", "en"),
    ],
)
def test_the_language_is_the_one_asked_for_then_configured_then_of_the_machine(
    asked, configured, machine, language, monkeypatch
):
    monkeypatch.setenv("LANG", machine)
    assert language_of(asked, configured) == language


def test_a_value_that_nobody_gave_hides_no_message():
    assert Words("en").error("E-LOCKED").what == "Another run holds the lock (…)."
    assert Words("en").error("E-NOBODY-KNOWS").what == "E-NOBODY-KNOWS"


def test_a_control_character_from_elsewhere_does_not_reach_the_terminal():
    assert "\x1b" not in Words("en")("list.acknowledged", by="An\x1b[2Jna\n")


def test_what_checkers_expect_is_said_in_vietnamese():
    say = Words("vi")
    assert say.expected("a code of the list field") == "một mã của danh mục field"
    assert say.expected("at least 1") == "ít nhất 1"
    assert say.expected("something unheard of") == "something unheard of"


def test_lines_are_laid_out_within_80_columns():
    long = "một câu rất dài " * 20
    lines = [*wrapped(long, 2, 4), *paired("nhãn", long, 19), *spread("trái " * 15, "phải")]
    assert all(len(line) <= WIDTH for line in lines)
    assert paired("nhãn", "lời", 10) == ["nhãn      lời"]
    assert tabled(["Hồ sơ", "Tổng"], [["Đơn", "1.754"]]) == ["Hồ sơ         Tổng", "Đơn          1.754"]


def phrases_in(path: Path) -> set[str]:
    """What the checkers of a file say would be right; a value inside counts as 7."""
    found: set[str] = set()
    for function in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(function, ast.FunctionDef):
            continue
        for call in ast.walk(function):
            if isinstance(call, ast.Call):
                given = [keyword.value for keyword in call.keywords if keyword.arg == "expected"]
                if isinstance(call.func, ast.Attribute) and call.func.attr == "report":
                    given += call.args[3:4]
                told = ("Bad", "ValueError") if path.name == "config.py" else ("Bad",)
                if isinstance(call.func, ast.Name) and call.func.id in told:
                    given += call.args[-1:]
                for node in given:
                    found |= forms_of(node, function)
    return found


def forms_of(node: ast.expr, function: ast.FunctionDef, seen: frozenset[str] = frozenset()) -> set[str]:
    match node:
        case ast.Constant(value=str(text)):
            return {text} - {""}
        case ast.JoinedStr(values=parts):
            return {"".join(part.value if isinstance(part, ast.Constant) else "7" for part in parts)}
        case ast.IfExp(body=body, orelse=orelse):
            return forms_of(body, function, seen) | forms_of(orelse, function, seen)
        case ast.Name(id=name) if name not in seen:
            assigned = [
                each.value
                for each in ast.walk(function)
                if isinstance(each, ast.Assign) and any(ast.unparse(target) == name for target in each.targets)
            ]
            return set().union(*(forms_of(value, function, seen | {name}) for value in assigned))
        case _:
            return set()


def every_expectation() -> list[str]:
    checked = [*(PACKAGE / "core").glob("*.py"), *(PACKAGE / "sources").glob("*.py")]
    checked += [PACKAGE / name for name in ("config.py", "config_problems.py", "loading.py", "edges.py")]
    found = set().union(*map(phrases_in, checked))
    found |= {config_problems._OTHERWISE, *config_problems._TYPES.values(), *config._PATTERNS.values()}
    found |= {words.format(7) for words, _ in config_problems._BOUNDS.values()}
    found |= {
        *HOLDING.values(),
        *codes._WORDS.values(),
        *(value.detail for value in vars(transforms).values() if isinstance(value, Bad)),
    }
    found |= {f"a code of the list {7}", f"a code of the list {7}, such as {7}", "7 or 8", "one of: 7", "pattern 7"}
    for document in schema_documents().values():
        text = json.dumps(document)
        found |= set(re.findall(r'"(?:type|format)": "([\w-]+)"', text))
        limits = ("maxLength", "minLength", "maxItems", "minItems", "maximum", "minimum")
        found |= {f"{name} 7" for name in limits if f'"{name}":' in text}
    return sorted(found)


def test_everything_that_a_checker_may_expect_has_its_vietnamese_words():
    """A checker speaks English to the program; one phrase without its pair reached people as it was."""
    expectations = every_expectation()
    assert len(expectations) > 80
    say = Words("vi")
    names = {":agency_code"}  # written in SQL as it is
    assert [text for text in expectations if say.expected(text) == text and text not in names] == []


def test_one_of_a_thing_is_told_as_one():
    say = Words("en")
    assert say("sync.read", count=1) == "1 record"
    assert say("sync.read", count=2) == "2 records"
    assert say("status.asked_count", count=1) == "1 record waits"
    assert say("dry.create", count=1) == "1 is new"
    assert say("mapping.good", system="x", kinds=1, rules=1) == "Mapping x: 1 kind, 1 rule, no mistakes."
    assert say.error("E-CFG-MAPPING", system="x", problems_found=1).what == "The mapping x has 1 mistake."
    assert say("check.config_good", count=1) == "1 agency"
    assert say("todo.mapping", count=1) == "Mend 1 bad record at the source"
    assert say("span.days", count=1) == "1 day"


def test_a_port_is_no_quantity_and_a_holder_is_told_in_the_time_of_the_place():
    say = Words("vi")
    assert "8055" in say.error("E-SANDBOX-PORT", port=8055).what
    assert "dòng 1500," in say("E-CFG-SYNTAX.why", line=1500, column=3)
    noted = "pid 26037 2026-11-26T01:24:55+00:00"
    assert say.holder(noted) == "tiến trình 26037, chạy từ 26/11/2026 08:24"
    assert say.holder("?") == "chưa rõ ai"


NEVER = (
    "tiếp dân", "bản lộ", "lộ ra", "đi trần", "Dấu vân", "dấu vân", "Số mầm", "máy chủ thử", "quốc gia giả",
    "đầu chuỗi", "Bảng tin", "Điều 8 khoản", "kho dữ liệu", "Chạy thử:",
)  # fmt: skip
"""One name per thing, and none of these: a second name, an everyday word, or a law cited the wrong way round."""


@pytest.mark.parametrize("word", NEVER)
def test_nothing_has_a_second_name(word):
    assert [id_ for id_, message in messages().items() if word in message["vi"]] == []
    assert word not in (PACKAGE.parent / "README.vi.md").read_text(encoding="utf-8")


def test_the_days_of_a_code_are_told_in_both_languages():
    """They are made of two words and a day, which the search for expectations above does not see."""
    for said in ("valid from 2026-07-01", "valid until 2025-06-30"):
        assert Words("en").expected(said) == said
        assert Words("vi").expected(said).startswith("dùng ")
