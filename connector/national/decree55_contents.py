"""Attachments over `decree55`: `PUT /v1/attachments/{sha256}`, and a HEAD that asks whether it is there.

The address is the hash of the content, so a repeated PUT has no further effect, and a lost answer is simply asked for.
Pure: requests are built and replies judged here; `decree55.py` carries them.
May import: core.model, base, replies, the standard library.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from connector.core.model import Verdict, VerdictName
from connector.national.base import Answer, Content, Reply, Request
from connector.national.replies import (
    Rule,
    json_object,
    lost,
    media_type,
    named,
    retry_after_s,
    status,
    status_class,
    status_of,
)

SLOWEST_BYTES_A_S = 64 * 1024
"""So slow a line is still waited for: the time allowed grows with the size."""


@dataclass(frozen=True, slots=True)
class Case:
    """One reply to a PUT of this content: `document` is its JSON object, or None."""

    reply: Reply
    sha256: str
    document: dict[str, Any] | None

    @property
    def is_problem(self) -> bool:
        """Whether the API itself said no (RFC 9457)."""
        return isinstance(self.reply, Answer) and media_type(self.reply) == "application/problem+json"


def _said(*statuses: int) -> Callable[[Case], bool]:
    return lambda case: status_of(case.reply) in statuses and case.is_problem


def _echoes(case: Case) -> bool:
    return status_of(case.reply) // 100 == 2 and (case.document or {}).get("sha256") == case.sha256  # noqa: PLR2004


_N = VerdictName
RULES: tuple[Rule[Case], ...] = (
    Rule("nothing_sent", _N.HOLD, lost(sent=False)),
    Rule("answer_lost", _N.UNKNOWN, lost(sent=True)),
    Rule("echoed", _N.DELIVERED, _echoes),
    Rule("no_echo", _N.UNKNOWN, status_class(2)),
    Rule("redirected", _N.UNKNOWN, status_class(3)),
    Rule("unauthorised", _N.HOLD, status(401)),
    Rule("forbidden", _N.HOLD, status(403)),
    Rule("busy", _N.HOLD, status(429, 503)),
    Rule("too_early", _N.RETRY, status(408, 425)),
    Rule("refused", _N.REJECTED, _said(400, 415, 422)),
    Rule("too_large", _N.REJECTED, status(413)),  # often a gateway's answer, and as final as the API's own
    Rule("not_served", _N.REJECTED, _said(404, 405, 501)),  # an interface without attachments
    Rule("server_failed", _N.UNKNOWN, status_class(5)),
    Rule("unmatched", _N.UNKNOWN, lambda _case: True),
)


def submission(content: Content) -> Request:
    """Return the request that carries a content, piece by piece."""
    digest = base64.b64encode(bytes.fromhex(content.sha256)).decode("ascii")
    headers = {
        "Content-Type": content.media_type,
        "Content-Length": str(content.size_bytes),
        "Content-Digest": f"sha-256=:{digest}:",  # RFC 9530
    }
    extra_s = content.size_bytes / SLOWEST_BYTES_A_S
    return Request("PUT", _path(content.sha256), headers, content=content, extra_s=extra_s)


def question(sha256: str) -> Request:
    """Return the request that asks whether a content is there."""
    return Request("HEAD", _path(sha256))


def is_there(reply: Reply) -> bool:
    """Return whether the answer to `question` is a clear yes."""
    return status_of(reply) == HTTPStatus.OK


def judge(reply: Reply, sha256: str) -> Verdict:
    """Return what a reply to a PUT means; `rule` is the name of the line, as in `rules.judge`."""
    case = Case(reply, sha256, json_object(reply))
    rule = next(rule for rule in RULES if rule.matches(case))
    waits = rule.verdict in (_N.HOLD, _N.RETRY)
    return Verdict(rule.verdict, named(rule.name, reply), retry_after_s=retry_after_s(reply) if waits else None)


def _path(sha256: str) -> str:
    return f"/v1/attachments/{quote(sha256, safe='')}"
