"""Files that a record names: where they may lie, what they are by their first bytes, and which of them leave.

A name in a database is a stranger's text: it may climb out of its folder, name a device or a second stream. What is
not surely one file below the root is refused, never mended. Pure: nothing is opened here.
May import: conditions, keys, model, section, selects, transforms, web_addresses, the standard library.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Literal

from connector.core.conditions import Columns, Reader, Test
from connector.core.keys import key_part, plain, split_key
from connector.core.model import Fate, SourceFile
from connector.core.section import Section
from connector.core.selects import read_part
from connector.core.transforms import Bad
from connector.core.web_addresses import read_address

ITEMS = "/attachments/*"
CONTENT_FIELDS = ("sha256", "size_bytes", "media_type")
"""What the connector itself says of a file, in each item."""

MAX_PATH = 1_000
MAX_DEPTH = 20
MAX_SIZE_DIGITS = 15
"""Of a size that a column says; a longer number is no size of a file, and no number of JSON."""

SIGNATURE_BYTES = 4_096
"""So many of the first, and for an archive of the last, bytes tell what a file is."""

_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.IGNORECASE)
_DRIVE_OR_STREAM = ":"


@dataclass(frozen=True, slots=True)
class Attached:
    """`[attachments]` of a kind: which child query names files, by which columns, below which folder of the root.

    failing: what becomes of a record with a file that cannot be sent: `send` it without, or `hold` it. stored: where
    the bytes stand in the database itself; url: the column that holds an address; with one of them there is no path."""

    rows: str
    columns: tuple[str, ...]
    folder: str
    failing: Literal["send", "hold"]
    stored: Stored | None
    redacted: Reader | None = None
    keep: Test | None = None
    url: str = ""

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns of the child query that are read."""
        stored = self.stored
        return (
            self.columns + ((self.url,) if self.url else ())
            if stored is None
            else tuple(c for c in (stored.key, stored.size, stored.version, stored.name) if c)
        )

    def named(self, columns: Columns) -> SourceFile:
        """Return what one row names, not looked at yet."""
        if self.keep is not None and self.keep(columns) is not True:
            return NO_FILE
        redacted = self.redacted is not None and self.redacted(columns) is True
        if self.stored is not None:
            return replace(self.stored.named(columns), redacted=redacted)
        if self.url:
            return replace(_at_address(columns.get(self.url)), redacted=redacted)
        named = [columns.get(column) for column in self.columns]
        texts = [_text(value) for value in named]
        if not texts[-1].strip() and not _is_unreadable(named[-1]):
            return NO_FILE  # a folder without a name in it: there is no file
        if any(map(_is_unreadable, named)):  # without its folder a name would be that of another file
            return SourceFile("", Fate.UNREADABLE, redacted=redacted)
        path = safe_path([self.folder, *texts])
        return SourceFile(path, Fate.NAMED if path else Fate.UNSAFE, redacted=redacted)


NO_FILE = SourceFile("", Fate.NONE)


def _at_address(value: Any) -> SourceFile:
    if _is_unreadable(value):
        return SourceFile("", Fate.UNREADABLE)
    if not _text(value).strip():
        return NO_FILE
    address = read_address(_text(value))
    return SourceFile(address.text, Fate.NAMED) if address else SourceFile("", Fate.UNSAFE)


AT_SOURCE = "@"
"""Behind the kind in such a place, where an agency has several sources: the name of the source."""

STORED = "stored:"
"""How the place of bytes in the database begins; no path below a root has a colon."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes in a column: `sql` gives a part of one file's, by its key. size, version: columns of the child query that
    say how many bytes there are, and (if any does) what changes whenever they do; name: the file's name, if any says
    it."""

    kind: str
    sql: str
    key: str
    size: str
    version: str = ""
    name: str = ""

    def named(self, columns: Columns) -> SourceFile:
        """Return what one row names: no bytes, no file."""
        key, size = _text(columns.get(self.key)).strip(), columns.get(self.size)
        unreadable = _is_unreadable(columns.get(self.key))
        if (not key and not unreadable) or size is None:
            return NO_FILE
        if unreadable or isinstance(size, bool) or not str(size).isdecimal():
            return SourceFile("", Fate.UNREADABLE)
        if len(str(size)) > MAX_SIZE_DIGITS:
            return SourceFile("", Fate.TOO_LARGE)
        ending = _text(columns.get(self.name)).rpartition(".")[2][-8:] if self.name else ""
        place = f"{STORED}{self.kind}/{key_part(key)}.{ending if ending.isascii() and ending.isalnum() else ''}"
        version = sha256(_text(columns.get(self.version)).encode(errors="replace")).digest() if self.version else b""
        return SourceFile(place, Fate.NAMED, size_bytes=int(size), modified_ns=int.from_bytes(version[:7]))


def stored_at(place: str) -> tuple[str, str] | None:
    """Return the kind and the key of bytes in the database, None for a path below the root."""
    if not place.startswith(STORED):
        return None
    kind, _, key = place.removeprefix(STORED).rpartition(".")[0].partition("/")
    return kind, split_key(key)[0]


def read_attached(section: Section, rows: str, kind: str) -> Attached | None:
    """Read `[attachments]`; `rows` is the child query that feeds the items. None: it is wrong (reported)."""
    stored = _read_stored(section.section("stored"), kind)
    url = section.text("url")
    columns = section.texts("path", needed=not (section.has("stored") or section.has("url")))
    if sum(map(section.has, ("path", "stored", "url"))) > 1:
        section.report("E-CFG-VALUE", "", "", "one of path, url, stored")
    folder = section.text("folder")
    if folder and (url or not safe_path([folder])):
        section.report("E-CFG-VALUE", "folder", folder, "a folder below the root, such as FileUploads/donthu")
    failing = section.text("failing") or "send"
    if failing not in ("send", "hold"):
        section.report("E-CFG-VALUE", "failing", failing, "one of send, hold")
    section.close()
    if not rows:
        section.report("E-CFG-ROWS", "", ITEMS, f"a rule for {ITEMS} with rows")
        return None
    found = Attached(rows, columns, folder, "hold" if failing == "hold" else "send", stored, url=url)
    return found if columns or stored or url else None


def _read_stored(section: Section | None, kind: str) -> Stored | None:
    if section is None:
        return None
    sql = read_part(section)
    key, size = section.text("key", needed=True), section.text("size", needed=True)
    found = Stored(kind, sql, key, size, section.text("version"), section.text("name"))
    section.close()
    return found if sql and key and size else None


def safe_path(parts: Sequence[str]) -> str:
    """Return these parts as one path below the root, "/" between its names; "" where that would not be safe.

    Both kinds of slash part names, as the programs that wrote them ran on Windows; one slash (or "~/") in front means
    the root, as in an address of the agency's own web. Refused: "..", drives, streams and servers (":" and "//"),
    device names, names that Windows reads otherwise than they stand (dots or blanks at the end), control characters."""
    names: list[str] = []
    for part in parts:
        text = part.strip().replace("\\", "/")
        if text.startswith("//"):
            return ""
        names += [name for name in text.removeprefix("~").split("/") if name not in ("", ".")]
    path = "/".join(names)
    if not names or len(names) > MAX_DEPTH or len(path) > MAX_PATH or not all(_is_plain(name) for name in names):
        return ""
    return path


def _is_plain(name: str) -> bool:
    if name == ".." or name[-1] in ". " or name[0] == " " or _DRIVE_OR_STREAM in name:
        return False
    if any(unicodedata.category(sign) in ("Cc", "Cs", "Cf") for sign in name):  # Cf: what turns the reading direction
        return False
    return _DEVICE.fullmatch(name) is None


def _text(value: Any) -> str:
    return "" if value is None or _is_unreadable(value) else plain(value)


def _is_unreadable(value: Any) -> bool:
    """Whether a column holds something that is no text: then there is a file, and nobody can tell which."""
    return isinstance(value, (Bad, bytes, bytearray, memoryview))


# --- what a row becomes with its files ------------------------------------------------------------------------------

_COLUMN = "kntc:"
"""No query has such a column: what was seen of a row's file stands under it."""


HOLDING: Mapping[Fate, str] = {
    Fate.UNSAFE: "its name is not safe: it leads out of the root, names a device, or is an address that is not allowed",
    Fate.ABSENT: "it is not where it should be",
    Fate.UNREADABLE: "it cannot be read",
    Fate.EMPTY: "it is empty",
    Fate.TOO_LARGE: "it is larger than is sent",
    Fate.TYPE: "its bytes are of no type that is sent",
    Fate.LATER: "it was changed just now and is read again",
    Fate.REFUSED: "the National Database does not take it",
}
"""Why a file will not come, or not yet. What the law or the interface keeps back holds nothing."""


def with_content(columns: Columns, file: SourceFile) -> Columns:
    """Return a child row with what is known of its file, for the rules of CONTENT_FIELDS."""
    if file.fate is not Fate.READY:
        return columns
    return {**columns, **{f"{_COLUMN}{name}": getattr(file, name) for name in CONTENT_FIELDS}}


def content_of(name: str) -> Reader:
    """Return the reader of one of CONTENT_FIELDS: None where the file does not go."""
    return lambda columns: columns.get(f"{_COLUMN}{name}")


def kept_back(files: Sequence[SourceFile]) -> tuple[SourceFile, ...]:
    """Return the files as those of a concealed record: only a redacted copy goes on."""
    return tuple(
        file
        if file.redacted or file.fate is Fate.NONE
        else replace(file, path="", fate=Fate.NOT_REDACTED, size_bytes=0)
        for file in files
    )


# --- what a file is -------------------------------------------------------------------------------------------------

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"

MEDIA_TYPES: Mapping[str, str] = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "tiff": "image/tiff",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "rtf": "application/rtf",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
}
"""The types that can be told by their bytes, by the name that a configuration uses."""

_BEGINNINGS = (
    (b"%PDF-", "pdf"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"{\\rtf", "rtf"),
    (b"ID3", "mp3"),
)
_IN_ARCHIVE = (
    (b"mimetypeapplication/vnd.oasis.opendocument.text", "odt"),
    (b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "ods"),
    (b"word/document.xml", "docx"),
    (b"xl/workbook.xml", "xlsx"),
)


def type_of(first: bytes, last: bytes, name: str) -> str:
    """Return the type by its name in MEDIA_TYPES, "" for any other; `first` and `last` as SIGNATURE_BYTES says.

    The bytes decide; of an old Office file, whose beginning says no more, its name's ending decides which one it is."""
    for beginning, found in _BEGINNINGS:
        if first.startswith(beginning):
            return found
    if first[4:8] == b"ftyp":
        return "mp4"
    if first.startswith(_ZIP):
        return next((found for sign, found in _IN_ARCHIVE if sign in first or sign in last), "")
    ending = name.rpartition(".")[2].lower()
    return ending if first.startswith(_OLE) and ending in ("doc", "xls") else ""
