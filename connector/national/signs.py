"""What a line hears of the national side beside its answers: its clock, its announced end, the certificates.

Hostile, broken or impossible values are taken for none. Pure but for `Ear`, which many threads may use at once.
May import: core.signs, base, replies, ssl.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connector.core.signs import Signs
from connector.national.base import Answer
from connector.national.replies import http_date, is_served, server_date

FIRST_YEAR, LAST_YEAR = 2000, 2200
_SECONDS = re.compile(r"@([0-9]{1,11})", re.ASCII)  # RFC 9651: a date as a structured field
_LONGEST = 100


class Ear:
    """Keeps what was heard last. A value is replaced whole: a race loses one hearing of many, never half of one."""

    def __init__(self, own_certificate: datetime | None) -> None:
        self.signs = Signs(own_certificate=own_certificate)
        self._last: tuple[object, ...] = ()

    def hear(self, answer: Answer, certificate: Mapping[str, Any] | None) -> None:
        """Take in one answer, and the certificate of the server that gave it. What says the same as the one before is
        not read again: dates are dear to read, and a second has a hundred answers."""
        said = (*(answer.headers.get(name) for name in ("date", "sunset", "deprecation")), id(certificate))
        if said == self._last and (self.signs.answered or not is_served(answer)):
            return
        self.signs = heard(self.signs, answer, certificate)
        self._last = said


def heard(before: Signs, answer: Answer, certificate: Mapping[str, Any] | None) -> Signs:
    """Return the signs after one more answer. An announced end stays until the line is opened anew: not every answer
    repeats it, and one of a gateway never does."""
    at = server_date(answer)
    return replace(
        before,
        answered=before.answered or is_served(answer),
        clock_offset_s=(at - answer.received_at).total_seconds() if at and _is_possible(at) else before.clock_offset_s,
        sunset=_date(answer.headers.get("sunset", "")) or before.sunset,
        deprecated=_deprecated(answer, before.deprecated) or before.deprecated,
        server_certificate=_until(certificate) or before.server_certificate,
    )


def _deprecated(answer: Answer, known: datetime | None) -> datetime | None:
    """Return since when an answer says that it is deprecated; `true` (as drafts had it) counts from the first such
    answer, or it would be news again every day."""
    said = answer.headers.get("deprecation", "").strip()
    if said in ("true", "?1"):
        return known or answer.received_at.replace(hour=0, minute=0, second=0, microsecond=0)
    return _date(said)


def _date(text: str) -> datetime | None:
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    seconds = _SECONDS.fullmatch(text)
    found = datetime.fromtimestamp(min(int(seconds[1]), 2**33), UTC) if seconds else http_date(text)
    return found if found is not None and _is_possible(found) else None


def _is_possible(at: datetime) -> bool:
    return FIRST_YEAR <= at.year <= LAST_YEAR


def _until(certificate: Mapping[str, Any] | None) -> datetime | None:
    """Return the end of a certificate as `ssl` shows it, None if there is none."""
    try:
        return datetime.fromtimestamp(ssl.cert_time_to_seconds((certificate or {})["notAfter"]), UTC)
    except (KeyError, ValueError, TypeError, OverflowError, OSError):
        return None


# --- our own certificate -------------------------------------------------------------------------------------------


def end_of(path: Path | None) -> datetime | None:
    """Return until when the first certificate of a PEM file is valid; None if there is none, or none we can read."""
    if path is None:
        return None
    try:
        text = path.read_text("latin-1")
        begin = text.index("-----BEGIN CERTIFICATE-----")
        end = text.index("-----END CERTIFICATE-----", begin) + len("-----END CERTIFICATE-----")
        return _end_in(ssl.PEM_cert_to_DER_cert(text[begin:end]))
    except (OSError, ValueError, IndexError):
        return None


def _end_in(der: bytes) -> datetime:
    """Return `notAfter` of a certificate (RFC 5280 section 4.1). Raises ValueError, IndexError.

    Python's `ssl` shows the certificate of the other side only, never the one that it loads for us."""
    body = _parts(_parts(der)[0][1])[0][1]  # the certificate is one SEQUENCE, its first part the one that is signed
    fields = _parts(body)
    at = 4 if fields[0][0] == _VERSION else 3  # version, serial, algorithm, issuer; then the validity
    tag, raw = _parts(fields[at][1])[1]
    text = raw.decode("ascii")
    if tag == _UTC_TIME:  # two digits of the year: 50 to 99 are of the last century
        text = ("19" if text >= "5" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


_VERSION, _UTC_TIME = 0xA0, 0x17
_LONG = 0x80


def _parts(der: bytes) -> list[tuple[int, bytes]]:
    """Split DER into its parts: tag and content of each."""
    found = []
    at = 0
    while at < len(der):
        tag, size = der[at], der[at + 1]
        at += 2
        if size & _LONG:
            digits = size & ~_LONG
            size = int.from_bytes(der[at : at + digits], "big")
            at += digits
        found.append((tag, der[at : at + size]))
        at += size
    return found
