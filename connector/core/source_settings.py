"""How one kind's tables may be read: what the database can promise, and what tells that a row is another one.

All of it is optional: without `[source]` every sweep reads everything, and that is always right.
May import: section, selects, the standard library.
"""

from __future__ import annotations

from dataclasses import dataclass

from connector.core.section import Section

SETTLE_S = 5
OVERLAP_S = 900
FULL_EVERY_S = 86_400


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """`[source]` of a kind.

    snapshot: whether one reading of a record and its children is of one moment; None: ask the database's own kind.
    settle_s: without a snapshot, how far apart two equal reads must be; with `changed_at`, how long a commit may take
    to appear. identity: columns of the select that no edit of the same record changes, together.
    handed_on: whether several agencies of one database may each send a record: a paper handed on is a fact of each.
    previous: columns of the select that hold the key which the software before this one gave the record, as its mapping
    named it with `previous_source`; for `kntc rekey` only.
    changed_at: the range table's columns of the last change, of which the first that is not NULL counts (changed, else
    created); () if none can be trusted; overlap_s: how far each short
    cut goes back behind the last one; full_every_s: how old the last full sweep may be."""

    snapshot: bool | None = None
    settle_s: int = SETTLE_S
    identity: tuple[str, ...] = ()
    changed_at: tuple[str, ...] = ()
    overlap_s: int = OVERLAP_S
    full_every_s: int = FULL_EVERY_S
    handed_on: bool = False
    previous: tuple[str, ...] = ()
    previous_source: str = ""


def read_source_settings(section: Section | None) -> SourceSettings:
    """Read `[source]`; what it does not say has its default."""
    if section is None:
        return SourceSettings()
    previous = section.section("previous")
    settings = SourceSettings(
        snapshot=section.flag("snapshot"),
        settle_s=_seconds(section, "settle_s", SETTLE_S),
        identity=section.texts("identity"),
        changed_at=_changed_at(section),
        overlap_s=_seconds(section, "overlap_s", OVERLAP_S),
        full_every_s=_seconds(section, "full_every_s", FULL_EVERY_S),
        handed_on=section.flag("handed_on") or False,
        previous=previous.texts("columns", needed=True) if previous else (),
        previous_source=previous.text("source", needed=True) if previous else "",
    )
    if previous:
        previous.close()
    section.close()
    return settings


def _changed_at(section: Section) -> tuple[str, ...]:
    if isinstance(section.raw("changed_at"), list):
        return section.texts("changed_at")
    column = section.text("changed_at")
    return (column,) if column else ()


def _seconds(section: Section, key: str, default: int) -> int:
    value = section.integer(key)
    if value is not None and not 0 <= value <= 31 * 86_400:
        section.report("E-CFG-VALUE", key, value, "seconds, at most 31 days")
        return default
    return default if value is None else value
