"""What a screen shows of one value of a document, by its class of secrecy.

C1 is shown, a code or a day in words. Of C2, the last digits of a long number at most. C3, and everything personal of a
record that is treated as a denunciation: nothing, not even that there is something.
May import: words, core.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from connector.telling.words import Words, clipped, plain, utc

if TYPE_CHECKING:
    from connector.core.schema import FieldInfo

LONGEST_VALUE = 40
"""A value is shown so far: enough to recognise it."""

LONGEST_ON_A_PAGE = 400
"""Of a value that is not masked, where lines may be as many as it takes."""

LONGEST_UNMASKED = 4_000
"""So much of a value is shown to who may read it."""


@dataclass(frozen=True, slots=True)
class Mask:
    """How the fields of one document are shown. concealed: it is treated as a denunciation; unmasked: class C2 may be
    read, by somebody who gave a reason. Neither lifts the other, and C3 is never shown."""

    say: Words
    fields: Mapping[str, FieldInfo]
    concealed: bool
    unmasked: bool = False

    def hides(self, pattern: str) -> bool:
        """Return whether not even the presence of a value may be shown. A field that no schema knows is hidden."""
        info = self.fields.get(pattern)
        return info is None or is_hidden(info, info.confidentiality, concealed=self.concealed)

    def text(self, pattern: str, value: Any) -> str:
        """Return a value as the screen may show it; only for what is not hidden."""
        info = self.fields[pattern]
        if self.unmasked and info.confidentiality == "C2" and not info.codes:
            return clipped(plain(str(value)), LONGEST_UNMASKED)
        shown = "C1" if self.unmasked and info.confidentiality == "C2" else info.confidentiality
        return in_words(self.say, info, shown, value, LONGEST_ON_A_PAGE)


def is_hidden(info: FieldInfo | None, confidentiality: str, *, concealed: bool) -> bool:
    """Return whether not even the presence of a value may be shown."""
    if confidentiality == "C3":
        return True
    return concealed and (confidentiality != "C1" or info is None or info.in_denunciation is not None)


def in_words(say: Words, info: FieldInfo | None, confidentiality: str, value: Any, longest: int = LONGEST_VALUE) -> str:
    """Return a canonical code in words, a day as people write it, any other value masked."""
    if confidentiality != "C1" or info is None:
        return masked(say, info, confidentiality, value, longest)
    if isinstance(value, bool):
        return say("explain.yes" if value else "explain.no")
    if info.codes:
        return code_in_words(say, info.codes, str(value))
    if info.format == "date":
        return say.day(date.fromisoformat(str(value)))
    if info.format == "date-time":
        return say.instant(utc(str(value)))
    return masked(say, info, confidentiality, value, longest)


def masked(say: Words, info: FieldInfo | None, confidentiality: str, value: Any, longest: int = LONGEST_VALUE) -> str:
    """Return a value as it stands, masked by its class."""
    from connector.core.secrecy import MASKED, mask

    if confidentiality == "C1":
        return clipped(plain(str(value)), longest)
    if info is not None and info.codes:
        return say("explain.masked")  # a code made of a number must not show the number's digits
    return mask(str(value), confidentiality).replace(MASKED, say("explain.masked"))


def code_in_words(say: Words, code_list: str, code: str) -> str:
    """Return a canonical code's label in the reader's language; the code itself where the list does not know it."""
    from connector.resources import code_list_documents

    for entry in code_list_documents().get(code_list, {}).get("codes", ()):
        if entry["code"] == code:
            return str(entry.get(say.language) or code)
    return plain(code)
