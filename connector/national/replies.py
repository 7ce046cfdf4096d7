"""What every profile reads of a reply: its status, its waits, its times, its JSON; and the shape of a table of rules.

A table is a tuple of lines; the first line that matches a case decides, and its name goes into the audit log.
Pure: no clock, no network; the Answer carries the time of its arrival. May import: core.model, errors, base, orjson.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Generic, Protocol, TypeVar

import orjson

from connector.core.model import Answered, SightingName, VerdictName
from connector.errors import AccountError, RemoteError
from connector.national.base import Answer, Failure, Fault, Reply

RETRY_AFTER_CAP_S = 900.0
"""A date in the year 9999 is a legal Retry-After; the channel asks again after this long instead."""

MAX_INTEGER = 2**53 - 1  # what every JSON reader agrees on, and what a store's 64-bit column can hold
MAX_KEPT_BYTES = 8_192
"""An answer of this length at most is kept as it came: a receipt has some hundred bytes."""

MAX_PROBLEM_TEXT = 1_000
MAX_NAME = 200
EARLIEST_YEAR = 1900
"""What lies before is a program's "no date" (0001-01-01 in .NET), and no time of anything."""


class Replied(Protocol):
    """A case of any profile: one reply with what was asked."""

    @property
    def reply(self) -> Reply:
        """What came back."""


C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Rule(Generic[C]):
    """One line of a table that judges a submit."""

    name: str
    verdict: VerdictName
    matches: Callable[[C], bool]


@dataclass(frozen=True, slots=True)
class SightingRule(Generic[C]):
    """One line of a table that judges a find."""

    name: str
    sighting: SightingName
    matches: Callable[[C], bool]


def status_of(reply: Reply) -> int:
    """Return the HTTP status; 0 when there was no answer, so that no line about statuses matches."""
    return reply.status if isinstance(reply, Answer) else 0


def status(*statuses: int) -> Callable[[Replied], bool]:
    """Match these statuses."""
    return lambda case: status_of(case.reply) in statuses


def status_class(hundreds: int) -> Callable[[Replied], bool]:
    """Match a class of statuses: 5 for 5xx."""
    return lambda case: status_of(case.reply) // 100 == hundreds


def lost(*, sent: bool) -> Callable[[Replied], bool]:
    """Match a missing answer, to a request of which something, or nothing, had left."""
    return lambda case: isinstance(case.reply, Failure) and case.reply.sent is sent


def named(rule: str, reply: Reply) -> str:
    """Return the name of a line as the audit log keeps it; the fault follows a lost answer, `nothing_sent:dns`."""
    return f"{rule}:{reply.fault}" if isinstance(reply, Failure) else rule


def retry_after_s(reply: Reply) -> float | None:
    """Return the seconds to wait that a reply asks for, 0 to 900; None if it asks for nothing readable.

    A date counts from the server's own Date header (its clock may be far off), else from the arrival."""
    if isinstance(reply, Failure):
        return reply.retry_after_s
    asked = reply.headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        return min(float(asked), RETRY_AFTER_CAP_S)  # float, not int: no limit on digits, no cost either
    until = http_date(asked)
    if until is None:
        return None
    wait_s = (until - (server_date(reply) or reply.received_at)).total_seconds()
    return min(max(wait_s, 0.0), RETRY_AFTER_CAP_S)


def is_served(answer: Answer) -> bool:
    """Return whether the API itself answered a read that we are entitled to, and does not ask us to wait."""
    if answer.status == HTTPStatus.OK:
        return json_object(answer) is not None
    refused = answer.status // 100 == 4 and answer.status not in (401, 403, 408, 425, 429)  # noqa: PLR2004
    return refused and media_type(answer) == "application/problem+json"


def server_date(reply: Reply) -> datetime | None:
    """Return the server's Date header in UTC; None if there is none that can be read."""
    return http_date(reply.headers.get("date", "")) if isinstance(reply, Answer) else None


_TRANSACTION_HEADERS = ("x-transaction-code", "x-transaction-id", "x-request-id", "x-correlation-id")
_TRANSACTION = re.compile(r"[A-Za-z0-9._:/-]{1,128}")


def answered(reply: Reply, *, keeps_body: bool) -> Answered | None:
    """Return what is kept of an answer as evidence of it, None where there is none.

    keeps_body: the profile's answers hold nothing personal, so the bytes may be kept; of a long one only its digest."""
    if not isinstance(reply, Answer):
        return None
    body = reply.body if keeps_body and len(reply.body) <= MAX_KEPT_BYTES else b""
    codes = (reply.headers.get(header, "") for header in _TRANSACTION_HEADERS)
    code = next((code for code in codes if _TRANSACTION.fullmatch(code)), "")
    return Answered(hashlib.sha256(reply.body).hexdigest(), server_date(reply), code, body)


def json_object(reply: Reply) -> dict[str, Any] | None:
    """Return the JSON object of an answer; None for another content type, broken JSON, or another value."""
    if not isinstance(reply, Answer):
        return None
    media = media_type(reply)
    if media != "application/json" and not media.endswith("+json"):
        return None
    try:
        value = orjson.loads(reply.body)  # strict: no NaN, no lone surrogate, depth at most 1024
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


_OF_ACCOUNT = {Fault.TOKEN_REFUSED: "E-AUTH", Fault.CREDENTIALS: "E-AUTH-SECRET"}
"""Where the server was reached, or never asked: what keeps us out is the account."""


def expect(reply: Reply, *statuses: int, agency: str) -> dict[str, Any] | None:
    """Return the JSON object of an answer with one of these statuses; raise RemoteError for other replies, and
    AccountError where it is the account of this agency that keeps us out."""
    if isinstance(reply, Failure):
        if id_ := _OF_ACCOUNT.get(reply.fault):
            raise AccountError(id_, agency=agency)
        raise RemoteError("E-NET-UNREACHABLE", fault=reply.fault.value)
    if reply.status in statuses:
        return json_object(reply)
    if reply.status == HTTPStatus.UNAUTHORIZED:
        raise AccountError("E-AUTH", agency=agency)
    if reply.status == HTTPStatus.FORBIDDEN:
        raise AccountError("E-AUTH-FORBIDDEN", agency=agency)
    if reply.status in (429, 503):
        raise RemoteError("E-NET-BUSY", status=reply.status, retry_after_s=retry_after_s(reply) or 0.0)
    if reply.status in range(300, 400):
        raise RemoteError("E-NET-REDIRECT", status=reply.status)
    raise RemoteError("E-NET-STATUS", status=reply.status)


def integer(value: object) -> int | None:
    """Return a JSON integer from 0 to 2^53 - 1; None for anything else, true and 1.0 included."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= MAX_INTEGER else None


def name(value: object) -> str | None:
    """Return a short printable text as it came (an id, a status, a code); None for anything else."""
    return value if isinstance(value, str) and value.isprintable() and len(value) <= MAX_NAME else None


def instant(value: object) -> datetime | None:
    """Return an RFC 3339 time with its offset, in UTC; None for anything else, and for a year before 1900."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value)
        return read.astimezone(UTC) if read.tzinfo and read.year >= EARLIEST_YEAR else None
    except (ValueError, OverflowError):  # OverflowError: year 1 or 9999 with an offset
        return None


def media_type(answer: Answer) -> str:
    """Return the media type of an answer without its parameters, "" if it names none."""
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower()


def http_date(text: str) -> datetime | None:
    """Return a date as HTTP writes it, in UTC; None for anything else."""
    try:
        read = parsedate_to_datetime(text)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):  # what the standard parser raises on garbage
        return None
