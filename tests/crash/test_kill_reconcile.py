"""SIGKILL at every commit of a comparison and of its approval; whoever approves again goes on."""

from __future__ import annotations

import shutil
from pathlib import Path

from connector.app import open_app
from connector.config import load_config
from connector.core.model import Actor
from connector.edges import STORE_FILE
from connector.sample.agency import build
from connector.sample.edits import edit_content
from connector.sandbox import Sandbox
from connector.stages.mending import ITEMS_A_COMMIT
from connector.store import audit, comparisons
from tests.crash.history import History
from tests.crash.proof import prove
from tests.world import AGENCY, credentials, install, source_path

SEED = 20_220_614
EDITED = 110
"""More than one commit of an approval takes."""


def edit_many(folder: Path, content: str) -> None:
    for petition in range(1, EDITED + 1):
        edit_content(source_path(folder), petition, content)


def approve_with_deaths(history: History, *places: str) -> None:
    history.work = "mend"
    for place in places:
        history.kill_at(place)
    history.finish()
    history.work = "sync"
    history.finish()


def test_no_death_of_an_approval_loses_or_doubles_what_an_old_store_forgot(tmp_path: Path) -> None:
    sample = build(source_path(tmp_path), SEED, petitions=EDITED + 10)
    with Sandbox(credentials=credentials(), seed=SEED) as sandbox:
        config = install(tmp_path, sandbox.base_url, collect="first_run_limit = 100000")
        history = History(config, sandbox)
        history.finish()
        shutil.copy(tmp_path / "data" / STORE_FILE, tmp_path / "copy")
        edit_many(tmp_path, "Kiến nghị sửa đường liên ấp (bổ sung)")
        history.finish()
        for file in (tmp_path / "data").glob(f"{STORE_FILE}*"):
            file.unlink()
        shutil.copy(tmp_path / "copy", tmp_path / "data" / STORE_FILE)
        approve_with_deaths(
            history, "approve.before", "approve.after", "mend.before", "mend.after", "mend.headed", "close.before"
        )
        prove(config, sandbox, sample)
        with open_app(load_config(config), Actor("proof", "test")) as app, app.store.read() as connection:
            assert len(audit.acceptances(connection, AGENCY)) == 1


def test_no_death_of_an_approval_loses_or_doubles_what_the_nation_lost(tmp_path: Path) -> None:
    sample = build(source_path(tmp_path), SEED, petitions=EDITED + 10)
    with Sandbox(credentials=credentials(), seed=SEED) as sandbox:
        config = install(tmp_path, sandbox.base_url, collect="first_run_limit = 100000")
        history = History(config, sandbox)
        history.finish()
        backup = sandbox.snapshot()
        edit_many(tmp_path, "Kiến nghị sửa đường liên ấp (bổ sung)")
        history.finish()
        sandbox.restore(backup)
        approve_with_deaths(
            history, "compare.before", "compare.after", "approve.headed", "mend.before", "mend.after", "close.before"
        )
        prove(config, sandbox, sample)
        with open_app(load_config(config), Actor("proof", "test")) as app, app.store.read() as connection:
            run = comparisons.newest(connection, AGENCY)
            assert run is not None
            outcomes = comparisons.outcomes(connection, run.id)
        assert set(outcomes) == {"look"}
        assert outcomes["look"] > ITEMS_A_COMMIT  # the contents of some are concealed: no new version
