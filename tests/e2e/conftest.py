from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from connector import logs


@pytest.fixture(autouse=True)
def quiet_logs() -> Iterator[None]:
    """A whole job logs thousands of lines; only a test that reads them wants them."""
    logs.set_up("error")
    yield
    structlog.reset_defaults()
