"""Who speaks: the configuration and the words, and how agency and environment are named.

May import: words, errors, config.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.errors import DataError, KntcError
from connector.telling.words import Words

if TYPE_CHECKING:
    from connector.config import Config


@dataclass(frozen=True, slots=True)
class Voice:
    """The configuration, and the words in the reader's language."""

    config: Config
    say: Words

    @property
    def environment(self) -> str:
        """The environment of the target, as machines read it."""
        return self.config.national.environment

    @property
    def environment_label(self) -> str:
        """The environment of the target, as headings show it."""
        return f"[{self.say.label('environment', self.environment)}]"

    def name_of(self, code: str) -> str:
        """Return `Ban Tiếp công dân … (H51.01)`."""
        name = next((agency.name for agency in self.config.agency if agency.code == code), "")
        return f"{name} ({code})" if name else code

    def agencies(self, asked: str | None) -> list[str]:
        """Return the agencies that a command is for: the one asked for, else all."""
        codes = [agency.code for agency in self.config.agency]
        if asked is None:
            return codes
        if asked not in codes:
            raise _unknown_agency(asked, codes)
        return [asked]


def _unknown_agency(code: str, known: list[str]) -> KntcError:
    return DataError("E-AGENCY-UNKNOWN", agency=code, known=", ".join(known))
