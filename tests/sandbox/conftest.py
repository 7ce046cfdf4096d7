from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.sandbox import Sandbox
from tests.sandbox.caller import CREDENTIALS, Caller
from tests.sandbox.old_caller import OldCaller


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(credentials=CREDENTIALS, seed=7) as running:
        yield running


@pytest.fixture
def caller(sandbox: Sandbox) -> Iterator[Caller]:
    with Caller(sandbox.base_url) as signed_in:
        yield signed_in


@pytest.fixture
def old(sandbox: Sandbox) -> Iterator[OldCaller]:
    with OldCaller(sandbox) as signed_in:
        yield signed_in
