"""What people have to do about what the national side tells of itself.

May import: voice, core.signs; store for its values.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from connector.core.signs import CERTIFICATES, DAYS, SUNSET, days_left
from connector.telling.voice import Voice

if TYPE_CHECKING:
    from connector.store.signs import Noted

Signs = Mapping[str, "Noted"]


def to_do(voice: Voice, signs: Signs, now: datetime) -> list[tuple[str, str]]:
    """Return what people have to do about it: renew our certificate, or speak with whoever runs the national side."""
    found = []
    for name in CERTIFICATES:
        if name in signs and (left := days_left(datetime.fromisoformat(signs[name].value), now)) <= DAYS[0]:
            page = "E-NET-CLIENT-CERTIFICATE" if name == "own_certificate" else "E-NET-UNREACHABLE"
            found.append((voice.say(f"todo.{name}", count=max(left, 0)), f"kntc help {page}"))
    if SUNSET in signs:
        day = voice.say.day_of(datetime.fromisoformat(signs[SUNSET].value))
        found.append((voice.say("todo.sunset", day=day), "kntc status"))
    return found
