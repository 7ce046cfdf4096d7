"""What an answer's headers say of a rate limit. Hostile, broken or huge values are taken for none.

Read are, the plainest first: `RateLimit` and `RateLimit-Policy` as structured fields
(draft-ietf-httpapi-ratelimit-headers, `"default";r=50;t=30` beside `"default";q=100;w=60`), and the three fields that
were there before, `RateLimit-Limit`, `-Remaining`, `-Reset`, also with `X-` in front; their reset may be seconds from
now or a Unix time.
Pure: a Unix time counts from the server's own Date, else from the arrival. May import: core.model, base, replies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from connector.core.model import Rate
from connector.national.base import Answer, Reply
from connector.national.replies import RETRY_AFTER_CAP_S, server_date

MOST_CHARACTERS = 1_000
MOST_POLICIES = 20
MOST_REQUESTS = 1_000_000
"""A higher number is no limit that we could come near."""

FIRST_EPOCH = 1_000_000_000.0
"""A reset from here on is a Unix time (2001 and later): as seconds from now it would be thirty years."""

EPOCH_IN_MS = 100_000_000_000.0

_INTEGER = re.compile(r"[0-9]{1,15}", re.ASCII)  # RFC 9651: at most 15 digits
_DECIMAL = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?", re.ASCII)


def rate_of(reply: Reply) -> Rate | None:
    """Return what an answer says of the rate limit; None: nothing readable. Of several policies the tightest counts."""
    if not isinstance(reply, Answer):
        return None
    return _of_policies(reply.headers) or _of_three(reply, "ratelimit-") or _of_three(reply, "x-ratelimit-")


def _of_policies(headers: Mapping[str, str]) -> Rate | None:
    policies = dict(_policies(headers.get("ratelimit-policy", "")))
    rates = []
    for name, members in _policies(headers.get("ratelimit", "")):
        policy = policies.get(name, {})
        remaining = members.get("r")
        reset_s = members.get("t", policy.get("w"))
        if remaining is not None and reset_s is not None:
            rates.append(_rate(remaining, float(reset_s), policy.get("q")))
    return min(rates, key=lambda rate: (rate.remaining, -rate.reset_s), default=None)


def _policies(text: str) -> Iterator[tuple[str, dict[str, int]]]:
    """Give each item of a list of structured fields with its parameters that are integers; what is none is left out."""
    if len(text) > MOST_CHARACTERS:
        return
    for item in _split(text, ",")[:MOST_POLICIES]:
        name, *parameters = (part.strip() for part in _split(item, ";"))
        members = {}
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if _INTEGER.fullmatch(value):
                members[key] = int(value)
        if name:
            yield name, members


def _split(text: str, separator: str) -> list[str]:
    """Split where the separator stands outside a quoted string."""
    parts, quoted, escaped = [""], False, False
    for character in text:
        if character == separator and not quoted:
            parts.append("")
            continue
        parts[-1] += character
        if character == '"' and not escaped:
            quoted = not quoted
        escaped = quoted and character == "\\" and not escaped
    return parts


def _of_three(answer: Answer, prefix: str) -> Rate | None:
    remaining = _first(answer.headers.get(f"{prefix}remaining", ""))
    reset = answer.headers.get(f"{prefix}reset", "").strip()
    if remaining is None or not _DECIMAL.fullmatch(reset):
        return None
    reset_s = float(reset)
    if reset_s >= EPOCH_IN_MS:
        reset_s /= 1_000
    if reset_s >= FIRST_EPOCH:
        reset_s -= (server_date(answer) or answer.received_at).timestamp()
    return _rate(remaining, reset_s, _first(answer.headers.get(f"{prefix}limit", "")))


def _first(text: str) -> int | None:
    """Return the number at the head of a field: drafts of old had `100, 100;w=60`."""
    head = text[:MOST_CHARACTERS].partition(",")[0].partition(";")[0].strip()
    return int(head) if _INTEGER.fullmatch(head) else None


def _rate(remaining: int, reset_s: float, limit: int | None) -> Rate:
    most = min(limit, MOST_REQUESTS) if limit else None  # a limit of 0 says nothing
    return Rate(min(remaining, MOST_REQUESTS), min(max(reset_s, 0.0), RETRY_AFTER_CAP_S), most)
