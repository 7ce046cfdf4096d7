"""The triggers that keep `concealed_later`: no way of writing a version can forget them.

Nearly every version that is concealed follows one that was concealed as well. So which records the nation was given in
clear and must not have is asked of this table's few keys, and not of all versions.
"""

from __future__ import annotations

_NOTED = """INSERT OR IGNORE INTO concealed_later (agency, kind, local_id)
       SELECT NEW.agency, NEW.kind, NEW.local_id
       WHERE EXISTS (SELECT 1 FROM delivery AS later JOIN delivery AS earlier
           ON earlier.agency = later.agency AND earlier.kind = later.kind AND earlier.local_id = later.local_id
           AND earlier.version < later.version
           WHERE later.agency = NEW.agency AND later.kind = NEW.kind AND later.local_id = NEW.local_id
           AND later.version > 1 AND later.concealed AND NOT earlier.concealed);"""

TRIGGERS = (
    f"""CREATE TRIGGER version_is_concealed_later AFTER INSERT ON delivery
       WHEN NEW.version > 1 AND NEW.concealed
       BEGIN {_NOTED} END""",
    # A version that could not be read says so later, when its row is mended.
    f"""CREATE TRIGGER version_is_concealed_otherwise AFTER UPDATE OF concealed ON delivery
       WHEN NEW.concealed <> OLD.concealed
       BEGIN {_NOTED} END""",
)
