"""The whole job with real parts: a sample agency, a sandbox on loopback with faults, the app between them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from connector.app import App, Step, open_app
from connector.cli.demo_run import (
    LOST_AT_LEAST,
    DemoResult,
    demo_world,
    first_sync,
    mend_and_sync,
    nation_moves,
    prepare,
    prove,
)
from connector.config import load_config
from connector.core.model import KINDS, Actor, Kind, RecordKey, State
from connector.edges import STORE_FILE
from connector.errors import DataError, ExitCode, RemoteError, SourceError
from connector.sample.agency import SampleCounts, build
from connector.sample.edits import edit_content
from connector.sandbox import FaultRule, Sandbox
from connector.store import audit, stories, views
from tests.crash.proof import prove_books, prove_effects, puts_without_a_look
from tests.e2e.command import kntc
from tests.world import AGENCY, OTHER, credentials, install, source_path

SEED = 7
SMALL = 60


def demo(folder: Path, *, idempotent: bool) -> tuple[DemoResult, Sandbox]:
    print(f"seed {SEED}")  # noqa: T201 - shown when a test fails
    with demo_world(folder, SEED, idempotent=idempotent) as (app, sandbox, sample):
        result = DemoResult(folder, SEED, sample)
        for steps in (first_sync(app, result), nation_moves(app, sandbox, result), mend_and_sync(app, result)):
            for _step in steps:
                pass
        prove(app, sandbox, result)
        log = sandbox.log()
    if not idempotent:
        assert puts_without_a_look(log) == []
    return result, sandbox


def opened(config: Path) -> AbstractContextManager[App]:
    return open_app(load_config(config), Actor("test", "test"), create=True)


@pytest.fixture
def two_agencies(tmp_path: Path) -> Iterator[tuple[Path, Sandbox, SampleCounts]]:
    sample = build(source_path(tmp_path), SEED, petitions=SMALL)
    build(source_path(tmp_path, OTHER), SEED + 1, petitions=SMALL, agency=OTHER)
    with Sandbox(credentials=credentials(AGENCY, OTHER), seed=SEED) as sandbox:
        yield install(tmp_path, sandbox.base_url, agencies=(AGENCY, OTHER)), sandbox, sample


def delivered(app: App, agency: str) -> int:
    with app.store.read() as connection:
        return sum(by.get(State.DELIVERED, 0) for by in views.counts(connection, agency).values())


def effects_of(sandbox: Sandbox, agency: str) -> int:
    return sum(key.agency == agency for key in sandbox.effects())


# --- the demo ------------------------------------------------------------------------------------------------------


def test_the_demo_holds_all_its_checks_and_a_second_one_starts_clean(tmp_path: Path) -> None:
    result, _ = demo(tmp_path / "demo", idempotent=True)
    assert result.failed == []
    assert result.answers_lost >= LOST_AT_LEAST
    assert result.exit_code == ExitCode.PARTIAL  # the bad rows and the returned petition wait for somebody
    told = json.loads(json.dumps(result.as_json()))
    assert told["source_records"]["petition"] == result.sample.records[Kind.PETITION]
    assert set(told["states"]) == set(told["source_records"]) == {str(kind) for kind in KINDS}
    assert told["national_effects"] == sum(by.get("delivered", 0) for by in told["states"].values()) + 1
    assert told["keys_with_more_than_one_effect"] == 0
    assert told["effects_of_versions_never_sent"] == 0
    assert told["delivered_versions_without_effect"] == 0
    assert told["books_balanced"] is True
    assert told["status_updates_applied"] > 0
    assert told["audit_entries"] > told["national_effects"]
    assert told["audit_verified"] is True
    old_store = (tmp_path / "demo" / "data" / STORE_FILE).read_bytes()
    with demo_world(tmp_path / "demo", SEED) as (app, sandbox, _sample):
        assert delivered(app, AGENCY) == 0
        assert sandbox.log() == []
        assert app.store.path.read_bytes() != old_store


def test_a_demo_never_clears_a_folder_that_no_demo_has_made(tmp_path: Path) -> None:
    (tmp_path / "of somebody.txt").write_text("theirs", encoding="ascii")
    with pytest.raises(DataError, match="E-DEMO-FOLDER"):
        prepare(tmp_path)
    assert (tmp_path / "of somebody.txt").read_text(encoding="ascii") == "theirs"


def test_the_demo_against_a_side_that_takes_nothing_twice_looks_before_every_repeated_put(tmp_path: Path) -> None:
    result, _ = demo(tmp_path / "demo", idempotent=False)
    assert result.failed == []
    assert result.answers_lost >= LOST_AT_LEAST
    assert result.doubled == 0


# --- one side is dead ----------------------------------------------------------------------------------------------


def test_a_dead_source_is_one_error_and_the_other_agency_goes_on(
    two_agencies: tuple[Path, Sandbox, SampleCounts],
) -> None:
    config, sandbox, _ = two_agencies
    source_path(config.parent).unlink()
    with opened(config) as app, app.stage_lock():
        with pytest.raises(SourceError, match="E-SOURCE-CONNECT"):
            list(app.sync(AGENCY))
        list(app.sync(OTHER))
        assert delivered(app, OTHER) == effects_of(sandbox, OTHER) > 0
        assert effects_of(sandbox, AGENCY) == 0
    assert not source_path(config.parent).exists()


def test_a_refused_agency_is_one_error_and_the_other_goes_on(
    two_agencies: tuple[Path, Sandbox, SampleCounts],
) -> None:
    config, sandbox, sample = two_agencies
    sandbox.play(*(FaultRule("forbidden", call=call, agency=AGENCY) for call in ("put", "get", "feed")))
    with opened(config) as app, app.stage_lock():
        steps: list[Step] = []
        with pytest.raises(RemoteError, match="E-AUTH-FORBIDDEN"):
            steps.extend(app.sync(AGENCY))
        list(app.sync(OTHER))
        assert delivered(app, OTHER) == effects_of(sandbox, OTHER) > 0
        assert effects_of(sandbox, AGENCY) == 0
        sandbox.play()
        assert app.stop.wait(2.5) is False  # the hold has a bound of two seconds here
        list(app.sync(AGENCY))
        with app.store.read() as connection:
            prove_books(connection, sample)


def test_a_dead_national_side_ends_the_run_soon_and_nothing_is_lost(
    two_agencies: tuple[Path, Sandbox, SampleCounts],
) -> None:
    config, sandbox, sample = two_agencies
    port = int(sandbox.base_url.rpartition(":")[2])
    sandbox.stop()
    with opened(config) as app, app.stage_lock():
        before = app.now()
        with pytest.raises(RemoteError, match="E-NET-UNREACHABLE"):
            list(app.sync(AGENCY))
        assert (app.now() - before).total_seconds() < 30
        assert app.exit_code_of(AGENCY) in (ExitCode.DONE, ExitCode.PARTIAL)
        sandbox.start(port)
        app.stop.wait(2.5)
        list(app.sync(AGENCY))
        with app.store.read() as connection:
            prove_books(connection, sample)
            attempts = {line.attempt for line in views.lines(connection, AGENCY, limit=10_000)}
        assert attempts == {1}  # what never left counted as no attempt


# --- the feed ------------------------------------------------------------------------------------------------------


def test_a_feed_that_refuses_every_cursor_stops_pull_with_one_entry_and_push_goes_on(tmp_path: Path) -> None:
    sample = build(source_path(tmp_path), SEED, petitions=SMALL)
    with Sandbox(credentials=credentials(), seed=SEED) as sandbox:
        config = install(tmp_path, sandbox.base_url)
        with opened(config) as app, app.stage_lock():
            list(app.sync(AGENCY))
            sandbox.advance()
            sandbox.play(FaultRule("expired_cursor"))
            for text in ("Kiến nghị sửa cầu", "Kiến nghị sửa cầu và đường"):
                edit_content(source_path(tmp_path), clear_petition(app), text)
                steps = list(app.sync(AGENCY))
                pulled = [step.counts for step in steps if step.stage == "pull"]
                assert pulled[-1] == {"stopped": 1}
                assert ("listed" in pulled[0]) is (text == "Kiến nghị sửa cầu")  # the first one rebuilds, to no avail
                assert sum(step.counts.get("delivered", 0) for step in steps if step.stage == "push") == 1
            assert app.exit_code_of(AGENCY) is ExitCode.PARTIAL
            with app.store.read() as connection:
                prove_effects(connection, sandbox)
                assert sum(entry.content.count("pull.stopped") for entry in audit.entries(connection, AGENCY)) == 1
            sandbox.play()
            pulled = [step.counts for step in app.sync(AGENCY) if step.stage == "pull"]
            assert sum(counts.get("new", 0) for counts in pulled) > sum(sample.records.values()) // 2
            assert "stopped" not in pulled[-1]


def clear_petition(app: App) -> int:
    """Return the row of a petition whose content leaves the agency."""
    with app.store.read() as connection:
        for line in views.lines(connection, AGENCY, kind=Kind.PETITION):
            story = stories.story(connection, line.key, 1, app.agency(AGENCY).national.capabilities)
            if story is not None and story.body is not None and b'"content"' in story.body:
                return int(line.key.local_id.partition(":")[2])
    raise AssertionError("no such petition")


# --- as an operator sees it ----------------------------------------------------------------------------------------


def test_the_command_tells_one_line_for_a_dead_source_and_delivers_the_other_agency(
    two_agencies: tuple[Path, Sandbox, SampleCounts],
) -> None:
    config, sandbox, _ = two_agencies
    source_path(config.parent).unlink()
    ran = kntc(config, "sync")
    assert ran.returncode == ExitCode.REMOTE_UNAVAILABLE
    assert ran.stderr.count("E-SOURCE-CONNECT") == 1
    assert "Traceback" not in ran.stderr + ran.stdout
    assert effects_of(sandbox, AGENCY) == 0
    assert effects_of(sandbox, OTHER) > 0


def test_a_key_can_be_explained_after_the_run(two_agencies: tuple[Path, Sandbox, SampleCounts]) -> None:
    config, sandbox, _ = two_agencies
    with opened(config) as app, app.stage_lock():
        list(app.sync(AGENCY))
        with app.store.read() as connection:
            key = views.lines(connection, AGENCY, kind=Kind.HANDLING)[0].key
    assert isinstance(key, RecordKey)
    held = sandbox.held(AGENCY, key.kind, key.local_id)
    assert held is not None
    told = kntc(config, "explain", key.kind, key.local_id, "--agency", AGENCY)
    assert told.returncode == ExitCode.DONE, told.stderr
    assert held.national_id in told.stdout
