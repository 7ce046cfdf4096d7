from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.store.db import Store
from tests.store.ledger import EVIDENCE, STORE_KEY, Clock, Ledger, assert_the_log_tells_every_state, new_ledger


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed store, bound and empty: a copy costs less than a creation."""
    folder = tmp_path_factory.mktemp("template")
    new_ledger(folder, Clock()).store.close()
    return folder


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock, template: Path) -> Iterator[Ledger]:
    """A fresh ledger; when the test is over, its audit log must tell of every state it left behind."""
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    made = Ledger(Store.open(tmp_path / "kntc.db", key=STORE_KEY, evidence=EVIDENCE, clock=clock), clock)
    yield made
    assert_the_log_tells_every_state(made)
    made.store.close()
