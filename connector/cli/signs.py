"""What the national side has told of itself, in words: its clock, its end, the certificates.

May import: opening, core.signs, model; store for its values.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from connector.core.signs import CERTIFICATES, CLOCK, DAYS, DEPRECATED, LATER, SERVER_CERTIFICATE, SUNSET, days_left

if TYPE_CHECKING:
    from connector.cli.opening import Desk
    from connector.store.signs import Noted

Signs = Mapping[str, "Noted"]


def print_signs(desk: Desk, signs: Signs, now: datetime) -> None:
    """Print a line for each sign; of a certificate always, with the days that are left."""
    say = desk.say
    for name in CERTIFICATES:
        if name in signs:
            until = datetime.fromisoformat(signs[name].value)
            left = days_left(until, now)
            id_ = "over" if until <= now else "ending" if left <= DAYS[0] else "valid"
            values = {"count": max(left, 0), "day": say.day_of(until)}
            if id_ == "ending" and name == SERVER_CERTIFICATE and LATER in signs:
                id_, values["since"] = "ending_beside_another", say.day_of(signs[LATER].at)
            text = say(f"sign.{id_}", **values)
            desk.screen.pair(say(f"sign.{name}"), text)
    if CLOCK in signs:
        offset_s = float(signs[CLOCK].value)
        id_ = "ahead" if offset_s > 0 else "behind"
        desk.screen.pair(say("sign.clock"), say(f"sign.{id_}", span=say.span(abs(offset_s))))
    for name in (DEPRECATED, SUNSET):
        if name in signs:
            day = say.day_of(datetime.fromisoformat(signs[name].value))
            desk.screen.pair(say("sign.interface"), say(f"sign.{name}", day=day))


def as_json(signs: Signs) -> dict[str, dict[str, str | datetime]]:
    """Return the signs as machines read them: value, and since when it is known."""
    return {name: {"value": noted.value, "at": noted.at} for name, noted in sorted(signs.items())}
