"""Entries of the log as something to take along: a zip that holds the file and its manifest, made in memory alone.

Nothing of it touches a disk, neither here nor under the server: who stole one would have the rows in clear. So it is
bounded, and one is made at a time. What is larger is for `kntc audit extract`, whose file belongs to who asked for it.
The entry about a download is written before its first byte is sent, and seals the manifest.
May import: visit, core, store, telling.
"""

from __future__ import annotations

import hashlib
import io
import math
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, BinaryIO, cast

import orjson
from werkzeug.wrappers import Response

from connector.core.chain import Head
from connector.store import extracts as reading
from connector.store.db import store_id
from connector.store.extracts import Wanted
from connector.telling import extract_files, extract_manifest, extracts
from connector.telling.extract_manifest import Taken, Tally
from connector.telling.extracts import Row
from connector.telling.words import HERE
from connector.web.visit import Visit

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

FORMS = ("csv", "jsonl", "xlsx")
MOST_ENTRIES = {"csv": 100_000, "jsonl": 100_000, "xlsx": 20_000}
"""A workbook is held as cells until it is whole, some four kilobytes an entry."""

MOST_CHARACTERS = {"csv": 64 * 2**20, "jsonl": 64 * 2**20, "xlsx": 12 * 2**20}
LARGEST_ZIP_BYTES = 16 * 2**20

_SENT_BYTES = 64 * 1024


class TooLongError(Exception):
    """There is more than a download may hold."""


class BusyError(Exception):
    """Another download is being made."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is wanted. `filters`: the same as the manifest says it; `reason`: "" where it is masked."""

    wanted: Wanted
    filters: dict[str, str]
    form: str
    reason: str


def answer(visit: Visit, asked: Asked) -> Response:
    """Return the download, after its entry in the log is written. Raises TooLongError, BusyError, and what `Notes`
    raises where no entry can be written: then nothing is sent."""
    stem = f"nhat-ky-{visit.agency}-{visit.now.astimezone(HERE):%Y%m%d-%H%M%S}"
    if not visit.hall.downloading.acquire(blocking=False):
        raise BusyError
    try:
        packed = _packed(visit, asked, f"{stem}.{asked.form}")
    finally:
        visit.hall.downloading.release()
    response = Response(_parts(packed), mimetype="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{stem}.zip"'
    response.call_on_close(packed.close)
    return response


def _parts(file: BinaryIO) -> Iterator[bytes]:
    while part := file.read(_SENT_BYTES):
        yield part


def _packed(visit: Visit, asked: Asked, name: str) -> BinaryIO:
    """Return the zip, at its beginning."""
    held, tally = _Held(), Tally()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        with visit.app.store.read() as connection:
            head = visit.app.store.heads.check(connection, visit.agency)
            store = store_id(connection)
            taken = Taken(
                visit.agency, asked.filters, asked.form, not asked.reason, visit.now, visit.visitor.name, head
            )
            commit = visit.app.store.commitment if asked.reason else None
            found = reading.entries(connection, visit.agency, asked.wanted, commit)
            rows = (extracts.row(visit.voice, visit.app, each, masked=taken.masked) for each in found)
            with packed.open(_member(visit, name), "w") as member:
                file = _Measured(member)
                _write(visit, taken, cast(BinaryIO, file), _bounded(rows, asked.form), tally)
        held.is_sure()
        manifest = {
            **extract_manifest.about(visit.voice, taken, tally),
            "store": store, "file": name, "sha256": file.digest.hexdigest(), "size_bytes": file.size,
        }  # fmt: skip
        noted = _note(visit, asked, tally, extract_manifest.seal(visit.app, manifest), head.seq)
        manifest["noted"] = {"seq": noted.seq, "hash": noted.hash}
        packed.writestr(
            _member(visit, extract_manifest.name_of(name)), orjson.dumps(manifest, option=orjson.OPT_INDENT_2)
        )
    held.seek(0)
    return held


def _member(visit: Visit, name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, visit.now.astimezone(HERE).timetuple()[:6])
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o600 << 16
    return member


def _write(visit: Visit, taken: Taken, file: BinaryIO, rows: Iterator[Row], tally: Tally) -> None:
    whole = io.BytesIO() if taken.form == "xlsx" else None  # a workbook goes back in its file
    extract_files.write(file if whole is None else whole, visit.voice, taken, rows, tally, folder=None)
    if whole is not None:
        file.write(whole.getvalue())


def _bounded(rows: Iterator[Row], form: str) -> Iterator[Row]:
    characters = 0
    for count, row in enumerate(rows, 1):
        characters += sum(len(text) for text in row.cells.values() if isinstance(text, str))
        if count > MOST_ENTRIES[form] or characters > MOST_CHARACTERS[form]:
            raise TooLongError
        yield row


def _note(visit: Visit, asked: Asked, tally: Tally, sealed: str, after_seq: int) -> Head:
    """Write the entry about a download, with the seal of its manifest; return its place."""
    facts = {
        "count": tally.count, "form": asked.form, "filters": extract_manifest.noted_filters(asked.filters, tally),
        "masked": not asked.reason, "sealed": sealed,
    }  # fmt: skip
    name, key = visit.visitor.name, asked.wanted.key
    if key is not None:
        visit.hall.notes.of_record("console.exported", name, key, asked.reason, **facts)
    else:
        visit.hall.notes.of_agency("console.exported", name, visit.agency, asked.reason, **facts)
    # If the process dies here, the log tells of a download that nobody has.
    with visit.app.store.read() as connection:
        return extract_manifest.entry_about(connection, visit.agency, sealed, after_seq)


class _Held(io.BytesIO):
    """Bytes in memory, some LARGEST_ZIP_BYTES at most until that is sure. Raises TooLongError beyond."""

    def __init__(self) -> None:
        super().__init__()
        self._most: float = LARGEST_ZIP_BYTES

    def write(self, data: ReadableBuffer) -> int:
        """Take some bytes."""
        if self.tell() > self._most:
            raise TooLongError
        return super().write(data)

    def is_sure(self) -> None:
        """Let the little that still comes fit in any case. Raises TooLongError where too much is here already."""
        if self.tell() > self._most:
            raise TooLongError
        self._most = math.inf


class _Measured(io.BufferedIOBase):
    """Passes bytes on, and knows how many there were and their SHA-256."""

    def __init__(self, to: IO[bytes]) -> None:
        self._to = to
        self.digest = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        """Return that it takes bytes."""
        return True

    def write(self, data: ReadableBuffer) -> int:
        """Take some bytes."""
        part = bytes(data)
        self.digest.update(part)
        self.size += len(part)
        return self._to.write(part)
