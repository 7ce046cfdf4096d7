"""The files that rows name: looked at before a row is judged, read where it is mapped.

    seen    what the disk says of each file becomes part of the row's fingerprint; nothing is opened
    Files   of a row that is mapped: each file read and hashed, unless that very file was before

So an unchanged row costs a look at its files and no more. Of a concealed record only a redacted copy is opened at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from connector.core.attachments import kept_back
from connector.core.chain import canonical
from connector.core.kind_mapping import KindMapping
from connector.core.model import Fate, SourceFile, SourceRow
from connector.core.web_addresses import is_web_address
from connector.stages.context import Context
from connector.store import attachments

Before = Mapping[tuple[str, int, int], SourceFile]


def seen(context: Context, mapping: KindMapping, rows: Sequence[SourceRow]) -> tuple[SourceRow, ...]:
    """Return the rows with the files that they name, as the disk shows them, and fingerprints that tell of it.

    Raises SourceError where the folder itself is away. Without a folder, or with a profile that carries no content,
    files stay what they were: names in a document."""
    papers, attached = context.papers, mapping.attached
    if papers is None or attached is None or not papers.knows(attached) or not context.capabilities.attachments:
        return tuple(rows)
    papers.check(attached)
    found = [(row, tuple(papers.look(file) for file in mapping.files_of(row))) for row in rows]
    unsaid = [row.key.local_id for row, files in found if any(map(_is_unsaid, files))]
    if not unsaid:
        return tuple(_with_files(context, row, files) for row, files in found)
    with context.store.read() as connection:
        before = attachments.read_before(connection, context.agency, mapping.kind, unsaid)
    known = {file.path: file for file in before.values()}
    return tuple(_with_files(context, row, tuple(_as_before(file, known) for file in files)) for row, files in found)


def _is_unsaid(file: SourceFile) -> bool:
    return file.fate is Fate.LATER and is_web_address(file.path)


def _as_before(file: SourceFile, known: Mapping[str, SourceFile]) -> SourceFile:
    """A file of which its server says nothing now, as it was when it was read: a server's bad minute makes no new
    version of a record. One that never was read is tried all the same."""
    if not _is_unsaid(file):
        return file
    before = known.get(file.path)
    if before is None or not before.modified_ns:  # nor did its server say anything then
        return replace(file, fate=Fate.NAMED)
    return replace(file, fate=Fate.NAMED, size_bytes=before.size_bytes, modified_ns=before.modified_ns)


def _with_files(context: Context, row: SourceRow, files: tuple[SourceFile, ...]) -> SourceRow:
    if all(file.fate is Fate.NONE for file in files):
        return replace(row, files=files)
    shown = [[f.path, str(f.fate), f.redacted, f.size_bytes, str(f.modified_ns)] for f in files]
    commitment = context.store.commitment(row.key.agency, canonical([row.fingerprint, shown]))
    return replace(row, files=files, fingerprint=commitment)


@dataclass(frozen=True, slots=True)
class Files:
    """Reads the files of rows that are mapped. `before`: what was hashed when its record was last mapped."""

    context: Context
    before: Before = field(default_factory=dict)

    @classmethod
    def of(cls, context: Context, mapping: KindMapping, rows: Iterable[SourceRow]) -> Files:
        """Return the reader for these rows of one kind."""
        local_ids = [row.key.local_id for row in rows if row.files]
        if not local_ids:
            return cls(context)
        with context.store.read() as connection:
            return cls(context, attachments.read_before(connection, context.agency, mapping.kind, local_ids))

    def read(self, row: SourceRow, *, concealed: bool) -> SourceRow:
        """Return the row with its files read: READY, or with what keeps each from going. Once a stop is asked for, no
        further one is opened, and the row is mapped again at its next reading."""
        seen_ = kept_back(row.files) if concealed else row.files
        files = tuple(self._read(file) for file in seen_)
        hashes = [file.sha256 for file in files if file.sha256]
        if hashes:
            with self.context.store.read() as connection:
                refused = attachments.refused(connection, self.context.agency, self.context.generation, hashes)
            files = tuple(replace(f, fate=Fate.REFUSED) if f.sha256 in refused else f for f in files)
        later = any(map(_is_read_again, seen_, files))
        return replace(row, files=files, fingerprint=f"{row.fingerprint}+later" if later else row.fingerprint)

    def _read(self, file: SourceFile) -> SourceFile:
        if file.fate is not Fate.NAMED or self.context.papers is None:
            return file
        known = self.before.get((file.path, file.size_bytes, file.modified_ns))
        if known is not None:
            return replace(known, redacted=file.redacted)
        if self.context.stop.is_set():
            return replace(file, fate=Fate.LATER)
        return self.context.papers.read(file)


def _is_read_again(seen_: SourceFile, read: SourceFile) -> bool:
    """Whether looking at a file may tell nothing of what kept it from being read: then its row is mapped again each
    time, and the file goes once it can."""
    return read.fate is Fate.LATER or (seen_.fate is Fate.NAMED and read.fate in (Fate.UNREADABLE, Fate.ABSENT))
