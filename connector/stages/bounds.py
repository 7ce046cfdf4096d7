"""How far a source is trusted before a person is asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of `[collect]`."""

    first_run_limit: int = 5_000
    shrink_limit: float = 0.2
    shrink_floor: int = 20
    clock_tolerance_s: float = 300.0
    future_limit: int = 10
    identity_limit: int = 20
    mapping_change_limit: int = 100
