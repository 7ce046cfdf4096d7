from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from connector import logs


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of lines that no test here reads."""
    logs.set_up("error")
    yield
    structlog.reset_defaults()
