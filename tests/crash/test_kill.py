"""SIGKILL at every commit point and in flight; after each one a restart that knows only what is on disk."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.app import open_app
from connector.config import load_config
from connector.core.model import Actor
from connector.edges import STORE_FILE
from connector.sample.agency import build
from connector.sample.edits import edit_content
from connector.sandbox import FaultRule, Sandbox
from connector.store.db import _create, store_id
from tests.crash.history import History, soaking
from tests.crash.proof import prove, prove_mirror, puts_without_a_look
from tests.world import AGENCY, credentials, install, source_path

SEED = 20_220_613
KILLS = 42 if soaking() else 5
"""Every step is cut short so often in one history."""

MILD = (
    FaultRule("lose_after_commit", share=0.01, times=1),
    FaultRule("lose_before_commit", share=0.003, times=1),
    FaultRule("commit_then_500", share=0.003, times=1),
)
SMALL_PAGES = "page_rows = 24\nfirst_run_limit = 100000" if soaking() else "page_rows = 250\nfirst_run_limit = 100000"
SMALL_BATCHES = "workers = 4\nbatch_rows = 15" if soaking() else "workers = 4\nbatch_rows = 100"
SMALL_FEED = "page_limit = 50" if soaking() else "page_limit = 250"


def deaths(step: str, *moments: str) -> list[str]:
    """Return KILLS places of a step, its moments in turn."""
    moments = moments or ("before", "after", "headed")
    return [f"{step}.{moments[number % len(moments)]}" for number in range(KILLS)]


def test_no_kill_loses_a_record_or_doubles_an_effect(tmp_path: Path) -> None:
    print(f"seed {SEED}")  # noqa: T201 - shown when a test fails
    chance = random.Random(SEED)
    sample = build(source_path(tmp_path), SEED, petitions=2_000)
    with Sandbox(credentials=credentials(), seed=SEED, faults=MILD) as sandbox:
        config = install(tmp_path, sandbox.base_url, collect=SMALL_PAGES, push=SMALL_BATCHES, pull=SMALL_FEED)
        history = History(config, sandbox, MILD)
        for place in deaths("collect"):
            history.kill_at(place, chance.randint(1, 3))
        sending = [*deaths("claim"), *deaths("finish"), *deaths("send", "before", "after", "unanswered")]
        chance.shuffle(sending)
        for number, place in enumerate(sending):
            if place == "send.unanswered":
                history.kill_before_the_answer()
            else:
                history.kill_at(place, chance.randint(1, 40 if place.startswith("send") else 2))
            if number == len(sending) // 2:
                history.kill_at("claim.after")
                history.kill_at("rescue.before")
                for petition in range(1, 40):  # some of these are on their way, or unknown, just now
                    edit_content(source_path(tmp_path), petition, "Kiến nghị sửa đường liên ấp (bổ sung)")
        history.kill_at("claim.after")
        history.kill_at("look.after")
        sandbox.advance()
        for place in deaths("pull"):
            history.kill_at(place, chance.randint(1, 2))
        sandbox.advance()
        sandbox.forget_feed()
        for place in deaths("rebuild"):
            history.kill_at(place, chance.randint(1, 2))
        history.finish()
        print(sorted(history.kills.items()))  # noqa: T201 - shown when a test fails
        for step in ("collect", "claim", "send", "finish", "pull", "rebuild"):
            assert history.killed(step) >= KILLS, step
        assert sandbox.lost() >= 15
        prove(config, sandbox, sample)
        prove_mirror(config, sandbox)


def test_what_cannot_be_repeated_is_looked_for_before_it_is_put_again(tmp_path: Path) -> None:
    print(f"seed {SEED}")  # noqa: T201 - shown when a test fails
    chance = random.Random(SEED)
    faults = (
        FaultRule("lose_after_commit", share=0.03, times=1),
        FaultRule("lose_before_commit", share=0.03, times=1),
        FaultRule("truncate", share=0.01, times=1),
    )
    sample = build(source_path(tmp_path), SEED, petitions=300)
    with Sandbox(credentials=credentials(), seed=SEED, faults=faults, idempotent_create=False) as sandbox:
        config = install(
            tmp_path,
            sandbox.base_url,
            national="create_idempotent = false\nabsent_after_s = 0",
            push="workers = 4\nbatch_rows = 40",
        )
        history = History(config, sandbox, faults)
        for place in ("claim.after", "send.before", "send.after", "finish.before", "finish.after"):
            history.kill_at(place, chance.randint(1, 30 if place.startswith("send") else 2))
        history.kill_before_the_answer()
        history.finish()
        assert sandbox.lost() >= 15
        assert puts_without_a_look(sandbox.log()) == []
        prove(config, sandbox, sample)


def test_a_start_cut_short_twice_before_the_first_head_file_is_no_rolled_back_store(tmp_path: Path) -> None:
    """Found by a kill after the binding's commit, and another after the first page's: the chain had many entries and
    no head file yet, which looked like a lost one, and the store was refused for ever."""
    sample = build(source_path(tmp_path), SEED, petitions=60)
    with Sandbox(credentials=credentials(), seed=SEED) as sandbox:
        history = History(install(tmp_path, sandbox.base_url), sandbox)
        for place in ("bind.before", "bind.after", "collect.after", "collect.after"):
            history.kill_at(place)
        history.finish()
        prove(history.config, sandbox, sample)


@pytest.mark.parametrize(
    ("place", "passes"),
    [
        ("create.connection", 1),
        ("create.connection", 2),
        ("create.made", 1),
        ("create.moved", 1),
        ("create.connection", 3),
    ],
)
def test_a_kill_during_creation_leaves_no_half_store(tmp_path: Path, place: str, passes: int) -> None:
    config = install(tmp_path, "http://127.0.0.1:9")
    History(config, Sandbox(credentials=credentials())).kill_at(place, passes)
    with open_app(load_config(config), Actor("test", "test"), create=True) as app, app.stage_lock():
        with app.store.read() as connection:
            assert store_id(connection)
            journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
        assert app.generation(AGENCY) == 1
        assert app.store.path.stat().st_nlink == 1
    whole = install(tmp_path / "whole", "http://127.0.0.1:9")
    with open_app(load_config(whole), Actor("test", "test"), create=True) as app, app.store.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == journal


def test_two_first_starts_at_once_make_one_store(tmp_path: Path) -> None:
    """Both may find nothing there; the second to be ready used to put its empty store in the place of the first."""
    path = tmp_path / STORE_FILE
    ids = []
    for _ in range(2):
        _create(path, None, 10.0, datetime.now(UTC))
        with closing(sqlite3.connect(path)) as connection:
            ids.append(connection.execute("SELECT store_id FROM store_info").fetchone())
    assert ids[0] == ids[1]
    assert [each.name for each in tmp_path.iterdir()] == [STORE_FILE]
