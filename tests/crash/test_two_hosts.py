"""Two machines with copies of one installation: nothing is doubled, each difference is a person's, and it is told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from connector.app import App, open_app
from connector.config import load_config
from connector.core.model import Actor, Cause, Kind, State
from connector.sample.agency import build
from connector.sample.edits import edit_content
from connector.sandbox import Sandbox
from connector.store import audit, views
from connector.telling.overview import overview
from tests.cli.conftest import kntc
from tests.machine.world import Clock, Impatience
from tests.world import AGENCY, credentials, install, source_path

SEED = 20_230_901


@contextmanager
def at_work(folder: Path, clock: Clock) -> Iterator[App]:
    config = load_config(folder / "config.toml")
    with (
        open_app(
            config, Actor("test", "test"), create=True, stop=Impatience(clock), now=clock, jitter=lambda: 0.5
        ) as app,
        app.stage_lock(),
    ):
        yield app


def sync(folder: Path, clock: Clock) -> None:
    with at_work(folder, clock) as app:
        list(app.sync(AGENCY))


def signs(folder: Path, clock: Clock) -> int:
    with at_work(folder, clock) as app:
        return overview(app, AGENCY).others


def test_two_hosts_with_copies_of_one_installation_double_nothing_and_are_told(tmp_path: Path) -> None:
    print(f"seed {SEED}")  # noqa: T201 - shown when a test fails
    first, second, clock = tmp_path / "first", tmp_path / "second", Clock()
    first.mkdir()
    sample = build(source_path(first), SEED, petitions=20)
    records = sum(sample.records.values())
    with Sandbox(credentials=credentials(), seed=SEED, now=clock) as sandbox:
        install(first, sandbox.base_url)
        with at_work(first, clock) as app:
            list(app.collect(AGENCY))
        shutil.copytree(first, second)
        sync(first, clock)
        clock.advance(3_600)
        sync(second, clock)  # everything again, with the same keys
        assert set(sandbox.effects().values()) == {1}
        assert len(sandbox.effects()) == records
        assert (signs(first, clock), signs(second, clock)) == (0, records)

        for folder, content in ((first, "Kiến nghị sửa cầu"), (second, "Kiến nghị sửa đường")):
            edit_content(source_path(folder), 1, content)
        sync(first, clock)
        sync(second, clock)  # the same version, another content
        assert set(sandbox.effects().values()) == {1}
        assert signs(second, clock) > records
        with at_work(second, clock) as app, app.store.read() as connection:
            differing = [line for line in views.lines(connection, AGENCY) if line.cause == Cause.CONFLICT]
            told = sum('"by_another"' in entry.content for entry in audit.entries(connection, AGENCY))
            assert [(line.key.kind, line.state) for line in differing] == [(Kind.PETITION, State.UNKNOWN)]
            assert audit.verify(connection, AGENCY)[1] is None
            assert told == overview(app, AGENCY).others
        clock.advance(8 * 86_400)
        assert signs(second, clock) == 0


def test_the_alarm_is_shown_with_what_to_do(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    build(source_path(first), SEED, petitions=20)
    clock = Clock()
    with Sandbox(credentials=credentials(), seed=SEED, now=clock) as sandbox:
        install(first, sandbox.base_url)
        shutil.copytree(first, second)
        sync(first, clock)
        for command in ("sync", "status"):
            said = kntc("--config", second / "config.toml", "--lang", "en", command)
            assert "Find who else sends for this agency: 53 signs" in said.text, said.out
            assert "kntc help E-ANOTHER-SENDER" in said.text
            said.assert_narrow()
        assert "kntc reconcile" in kntc("--lang", "en", "help", "E-ANOTHER-SENDER").text
    structlog.reset_defaults()
