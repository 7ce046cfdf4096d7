"""What must be true before anything is done: room on the disk, and a store that is whole.

Floor 3, below `app`: a run asks once, the daemon before each job.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from connector import disk
from connector.config import Config
from connector.store import marks
from connector.store.db import Store

FOUND_WHOLE_S = 86_400.0
"""The whole store is read for damage so often: what has rotted is found while the backup of yesterday is at hand."""

FOUND_WHOLE = "store.checked"
"""The mark of the last time that it was found whole."""


def room(config: Config) -> None:
    """Raise DiskError if the disk has less room than a run needs: better not begun than stopped at its answers."""
    if full := disk.lacking(config.data_dir, config.store.reserve_mib * 2**20):
        raise full


def whole(store: Store, now: datetime, found_whole_s: float = FOUND_WHOLE_S) -> None:
    """Read the whole store, unless it was found whole in the last `found_whole_s`. Raises StoreError E-STORE-DAMAGED.

    A damaged store is read again each time, for it may have been put back from a backup."""
    with store.read() as connection:
        found = marks.mark_of(connection, "", FOUND_WHOLE)
    if found is not None and timedelta() <= now - found[1] < timedelta(seconds=found_whole_s):
        return
    store.check()
    with store.write() as tx:
        marks.advance(tx, "", FOUND_WHOLE, "")
