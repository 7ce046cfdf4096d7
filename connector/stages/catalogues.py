"""The national code lists: read them, keep them with their history, or say what a reading would change.

national.catalogue(name)     one list after the other, nothing open meanwhile
COMMIT  all lists + audit    what changed in a list, and that it was read, stand together
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connector.core.catalogue import Catalogue, Change, changes
from connector.errors import CatalogueError
from connector.logs import get_logger
from connector.national.base import National
from connector.stages import gate
from connector.stages.context import Context
from connector.store import catalogues


@dataclass(slots=True)
class Reading:
    """What was read: whole lists, names of lists that are not there, and errors of lists that are none.

    `why`: `paused` where a person has stopped all traffic, `stopped` where the run was cut short; then nothing of it
    counts."""

    read: list[Catalogue] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    unfit: list[CatalogueError] = field(default_factory=list)
    why: str = ""


Changed = Mapping[str, tuple[Change, ...]]


def read(context: Context, national: National, names: Sequence[str]) -> Reading:
    """Return these lists as the national side has them now. Raises RemoteError where it cannot be asked at all."""
    found = Reading()
    for name in names:
        if gate.is_paused(context):
            return Reading(why="paused")
        if context.stop.is_set():
            return Reading(why="stopped")
        try:
            catalogue = national.catalogue(name)
        except CatalogueError as error:
            get_logger().warning("catalogue.unfit", agency=context.agency, catalogue=name, unfit=error.values["unfit"])
            found.unfit.append(error)
            continue
        if catalogue is None:
            found.absent.append(name)
        else:
            found.read.append(catalogue)
    return found


def keep(context: Context, reading: Reading) -> Changed:
    """Keep what was read; return what it changed, list by list."""
    if reading.why or not reading.read:
        return {}
    with context.store.write() as tx:
        return catalogues.record(tx, context.agency, context.generation, reading.read, context.actor)
    # If the process dies here, all lists of this reading are kept with their entry; the next one finds no change.


def compared(context: Context, reading: Reading) -> Changed:
    """Return what keeping this reading would change, list by list; keep nothing. A list read for the first time has no
    changes."""
    with context.store.read() as connection:
        known = {
            each.name: catalogues.known(connection, context.agency, context.generation, each.name)
            for each in reading.read
        }
    return {
        each.name: changes(known[each.name].entries, each.entries) if known[each.name].read_at else ()
        for each in reading.read
    }
