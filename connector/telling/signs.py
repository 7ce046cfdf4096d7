"""What the national side has told of itself, in words, and what people have to do about it.

May import: voice, core.signs; store for its values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from connector.core.signs import CERTIFICATES, CLOCK, DAYS, DEPRECATED, LATER, SERVER_CERTIFICATE, SUNSET, days_left
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


def facts(voice: Voice, signs: Signs, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield a label and a sentence for each sign; of a certificate always, with the days that are left."""
    say = voice.say
    for name in CERTIFICATES:
        if name in signs:
            until = datetime.fromisoformat(signs[name].value)
            left = days_left(until, now)
            id_ = "over" if until <= now else "ending" if left <= DAYS[0] else "valid"
            values = {"count": max(left, 0), "day": say.day_of(until)}
            if id_ == "ending" and name == SERVER_CERTIFICATE and LATER in signs:
                id_, values["since"] = "ending_beside_another", say.day_of(signs[LATER].at)
            text = say(f"sign.{id_}", **values)
            yield (say(f"sign.{name}"), text)
    if CLOCK in signs:
        offset_s = float(signs[CLOCK].value)
        id_ = "ahead" if offset_s > 0 else "behind"
        yield (say("sign.clock"), say(f"sign.{id_}", span=say.span(abs(offset_s))))
    for name in (DEPRECATED, SUNSET):
        if name in signs:
            day = say.day_of(datetime.fromisoformat(signs[name].value))
            yield (say("sign.interface"), say(f"sign.{name}", day=day))
