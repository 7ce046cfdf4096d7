"""A file of sealed texts for the auditor: what is sealed to his key, each with the entry of the log that tells of it.

    manifest.json    whose texts, of which store, by whom and when, how many
    sealed.jsonl     one text a line, sealed (core/unsealing.py)

Nothing in it can be read without the private key but kinds, local ids, versions and commitments. Read in one
transaction and written line by line.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import BinaryIO

import orjson
from sqlalchemy import Connection

from connector import __version__
from connector.core.model import Actor, Event, RecordKey
from connector.core.unsealing import SealedText
from connector.store import retired
from connector.store.db import Store, store_id
from connector.store.retired import Sealed

FORMAT = 1
MANIFEST, TEXTS = "manifest.json", "sealed.jsonl"
PAGE = 500


def write(
    store: Store, agency: str, record: RecordKey | None, environment: str, actor: Actor, reason: str, file: BinaryIO
) -> int:
    """Write the sealed texts of an agency, or of one record, into a new file; return how many. Raises OSError, and
    RolledBackError for a store that went back in time.

    That it is taken, by whom and why, is an entry before there is a file. If the process dies here, the log says more
    than there is: nobody has the file."""
    with store.write() as tx:
        count = retired.count_sealed(tx.connection, agency, record)
        event = Event("audit.sealed_taken", agency, actor, tx.now, record, facts={"count": count})
        tx.audit_with_reason(event, reason)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, store.read() as connection:
        written = 0
        with archive.open(TEXTS, "w", force_zip64=True) as out:
            for one in _texts(connection, agency, record):
                out.write(one.line())
                written += 1
        manifest = {
            "format": FORMAT, "agency": agency, "store": store_id(connection), "environment": environment,
            "program": __version__, "made_at": store.now().isoformat(), "made_by": actor.name, "texts": written,
        }  # fmt: skip
        archive.writestr(MANIFEST, orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    return written


def _texts(connection: Connection, agency: str, record: RecordKey | None) -> Iterator[SealedText]:
    after = 0
    while page := retired.sealed(connection, agency, after, PAGE, record):
        for one in page:
            yield _with_entry(connection, one)
        after = page[-1].delivery_id


def _with_entry(connection: Connection, one: Sealed) -> SealedText:
    entry = retired.entry_of(connection, one)
    return SealedText(one.key, one.version, one.key_id, one.commitment, one.sealed, entry)
