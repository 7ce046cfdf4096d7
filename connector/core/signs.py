"""What the national side tells of itself beside its answers, and what of it people should know.

    clock                how far its clock is from ours, where that is far
    sunset               the day after which this interface will be gone (RFC 8594)
    deprecated           since when it should not be used any more (RFC 9745)
    server_certificate   until when the server's certificate is valid
    own_certificate      until when ours is

Each is noted when it comes and when it changes, never with every answer. A certificate is spoken of again when 30, 14
and 7 days are left, and when it is over. Several servers behind one name may show several: the one that ends first is
the one to speak of, until it was not heard for a day. Pure: the time is passed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

CLOCK, SUNSET, DEPRECATED = "clock", "sunset", "deprecated"
SERVER_CERTIFICATE = "server_certificate"
CERTIFICATES = (SERVER_CERTIFICATE, "own_certificate")
LATER = "server_certificate.later"
"""Since when the server has shown one that ends later than the noted one: it was renewed, or there are two."""

CLOCK_OFF_S = 300.0
CLOCK_FINE_S = 150.0
"""From the first on a clock is far off; below the second it is right again. In between it stays as it was noted, so
that nothing is noted with every run."""

DAYS = (30, 14, 7, 0)
"""When a certificate is spoken of again: so many days before its end."""

_DAY_S = 86_400.0

_RENEWED_S = _DAY_S
"""A certificate that ends earlier counts as renewed when only later ones were heard for so long."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What one line has heard since it was opened. `answered`: it has heard anything at all from the interface itself,
    so that silence about an end means that there is none. clock_offset_s: the server's clock minus ours."""

    answered: bool = False
    clock_offset_s: float | None = None
    sunset: datetime | None = None
    deprecated: datetime | None = None
    server_certificate: datetime | None = None
    own_certificate: datetime | None = None


def news(noted: Mapping[str, str], signs: Signs, now: datetime) -> dict[str, str]:
    """Return what is to be noted, by name; empty where nothing is new. The value "" takes a sign back."""
    wanted = {CLOCK: _clock(noted.get(CLOCK, ""), signs.clock_offset_s)}
    for name in (SUNSET, DEPRECATED):
        said: datetime | None = getattr(signs, name)
        wanted[name] = said.isoformat() if said else "" if signs.answered else noted.get(name, "")
    own = signs.own_certificate
    wanted["own_certificate"] = own.isoformat() if own else noted.get("own_certificate", "")
    wanted[SERVER_CERTIFICATE], wanted[LATER] = _of_servers(noted, signs.server_certificate, now)
    wanted |= {warning_of(name): _warning(wanted[name], now) for name in CERTIFICATES}
    return {name: value for name, value in wanted.items() if value != noted.get(name, "")}


def warning_of(certificate: str) -> str:
    """Return the name under which it is noted how often the end of a certificate was spoken of."""
    return f"{certificate}.ending"


def is_told(name: str) -> bool:
    """Return whether people are told of a sign as it comes: that a certificate has changed is no reason to worry."""
    return name not in (*CERTIFICATES, LATER)


def days_left(until: datetime, now: datetime) -> int:
    """Return the whole days until a certificate ends; below 0 it is over."""
    return int((until - now).total_seconds() // _DAY_S)


def _clock(noted: str, offset_s: float | None) -> str:
    """Return the offset to be noted, in whole seconds, "" for a clock that is right."""
    if offset_s is None:
        return noted
    far = abs(offset_s) > (CLOCK_FINE_S if noted else CLOCK_OFF_S)
    if far and noted and abs(offset_s - float(noted)) <= CLOCK_OFF_S:
        return noted
    return str(round(offset_s)) if far else ""


def _of_servers(noted: Mapping[str, str], heard: datetime | None, now: datetime) -> tuple[str, str]:
    """Return the end of a server's certificate to be noted, and since when later ones were heard beside it."""
    known, later = noted.get(SERVER_CERTIFICATE, ""), noted.get(LATER, "")
    if heard is None:
        return known, later
    before = datetime.fromisoformat(known) if known else None
    if before is None or heard < before or before <= now:
        return heard.isoformat(), ""
    age_s = (now - datetime.fromisoformat(later)).total_seconds() if later else 0.0
    if heard == before:
        # Half the time is left to hear a later one again; so nothing is noted at each turn of the two.
        return known, later if 0.0 <= age_s < _RENEWED_S / 2 else ""
    if 0.0 <= age_s < _RENEWED_S:
        return known, later or now.isoformat()
    return heard.isoformat(), ""


def _warning(until: str, now: datetime) -> str:
    """Return the mark of the last of DAYS that has come, "" before the first."""
    left = days_left(datetime.fromisoformat(until), now) if until else DAYS[0] + 1
    return str(min((day for day in DAYS if left <= day), default=""))
