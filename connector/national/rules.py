"""The judgement of answers of `decree55`, as two tables: RULES for a submit, SIGHTINGS for a find. The first line that
matches decides and its name goes into the audit log. What matches no line is UNKNOWN or UNREADABLE.

Two habits keep the promise "one national effect per version": only the echo of our version AND digest counts
as delivered, and HOLD is said only where the delivery was certainly not accepted.
Pure: no clock, no network; the Answer carries the time of its arrival. May import: core.model, base,
replies, wording.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from connector.core.model import Receipt, RemoteProblem, SightingName, Verdict, VerdictName
from connector.national import wording
from connector.national.base import Answer, Reply
from connector.national.replies import (
    MAX_PROBLEM_TEXT,
    Rule,
    SightingRule,
    instant,
    integer,
    json_object,
    lost,
    media_type,
    name,
    named,
    retry_after_s,
    status,
    status_class,
    status_of,
)

MAX_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class Case:
    """One reply with what was asked, read once: `document` is its JSON object, or None."""

    reply: Reply
    version: int
    digest: str
    document: dict[str, Any] | None
    receipt: Receipt | None

    @property
    def status(self) -> int:
        """The HTTP status; 0 when there was no answer, so that no line about statuses matches."""
        return status_of(self.reply)

    @property
    def succeeded(self) -> bool:
        """Whether the status is 2xx, which alone means nothing."""
        return self.status in range(200, 300)

    @property
    def is_problem(self) -> bool:
        """Whether the API itself said no (RFC 9457), and not a proxy, a portal or a firewall before it."""
        return isinstance(self.reply, Answer) and media_type(self.reply) == "application/problem+json"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the answer to a find shows, before it is joined with the delivery it was asked for."""

    name: SightingName
    rule: str
    receipt: Receipt | None = None
    retry_after_s: float | None = None


def _echoes(case: Case) -> bool:
    held = case.receipt
    return case.succeeded and held is not None and (held.version, held.digest) == (case.version, case.digest)


def _problem_of_type(status_: HTTPStatus, name: str) -> Callable[[Case], bool]:
    def says_so(case: Case) -> bool:
        kind = (case.document or {}).get("type")
        return case.status == status_ and case.is_problem and isinstance(kind, str) and kind.endswith(name)

    return says_so


def _holds(matches: Callable[[Receipt, Case], bool]) -> Callable[[Case], bool]:
    return lambda case: case.status == HTTPStatus.OK and case.receipt is not None and matches(case.receipt, case)


_N = VerdictName
RULES: tuple[Rule[Case], ...] = (
    Rule("nothing_sent", _N.HOLD, lost(sent=False)),
    Rule("answer_lost", _N.UNKNOWN, lost(sent=True)),
    Rule("echoed", _N.DELIVERED, _echoes),
    Rule("echoed_another", _N.UNKNOWN, lambda case: case.succeeded and case.receipt is not None),
    Rule("no_echo", _N.UNKNOWN, lambda case: case.succeeded),
    Rule("redirected", _N.UNKNOWN, status_class(3)),
    Rule("unauthorised", _N.HOLD, status(401)),
    Rule("forbidden", _N.HOLD, status(403)),
    Rule("busy", _N.HOLD, status(429, 503)),
    Rule("in_progress", _N.RETRY, _problem_of_type(HTTPStatus.CONFLICT, "in-progress")),
    Rule("conflict", _N.CONFLICT, status(409)),
    Rule("too_early", _N.RETRY, status(408, 425)),
    Rule("refused", _N.REJECTED, lambda case: case.status in (400, 413, 415, 422) and case.is_problem),
    # A withdrawal of what is not held: nothing is there to be withdrawn, and a person should know why.
    Rule("not_held", _N.REJECTED, _problem_of_type(HTTPStatus.NOT_FOUND, "absent")),
    Rule("too_large", _N.REJECTED, status(413)),  # often a gateway's answer, and as final as the API's own
    # Not the API's own words but a gateway's, perhaps a misconfigured one: it must not pile up refusals.
    Rule("refused_by_gateway", _N.UNKNOWN, status(400, 415, 422)),
    Rule("server_failed", _N.UNKNOWN, status_class(5)),
    Rule("unmatched", _N.UNKNOWN, lambda _case: True),
)

_S = SightingName
SIGHTINGS: tuple[SightingRule[Case], ...] = (
    SightingRule("nothing_sent", _S.HELD, lost(sent=False)),
    SightingRule("answer_lost", _S.UNREADABLE, lost(sent=True)),
    SightingRule("busy", _S.HELD, status(429, 503)),
    SightingRule("unauthorised", _S.HELD, status(401)),
    SightingRule("forbidden", _S.HELD, status(403)),
    SightingRule("absent", _S.ABSENT, lambda case: case.status == HTTPStatus.NOT_FOUND and case.is_problem),
    # A proxy that lost its route says 404 as well: believing it would send a second document.
    SightingRule("absent_by_somebody_else", _S.UNREADABLE, status(404)),
    SightingRule("older", _S.OLDER, _holds(lambda held, case: held.version < case.version)),
    SightingRule("newer", _S.NEWER, _holds(lambda held, case: held.version > case.version)),
    SightingRule("same", _S.SAME, _holds(lambda held, case: held.digest == case.digest)),
    SightingRule("other_digest", _S.OTHER, _holds(lambda _held, _case: True)),
    SightingRule("unmatched", _S.UNREADABLE, lambda _case: True),
)


def judge(reply: Reply, version: int, digest: str) -> Verdict:
    """Return what a reply to a submit of this version and digest means.

    `rule` is the name of the line; for a lost answer the fault follows it, as in `nothing_sent:dns`."""
    case = _case(reply, version, digest)
    rule = next(rule for rule in RULES if rule.matches(case))
    return Verdict(
        name=rule.verdict,
        rule=named(rule.name, reply),
        receipt=case.receipt if rule.verdict is VerdictName.DELIVERED else None,
        problems=_problems(case.document) if rule.verdict is VerdictName.REJECTED else (),
        retry_after_s=retry_after_s(reply) if rule.verdict in (VerdictName.HOLD, VerdictName.RETRY) else None,
    )


def see(reply: Reply, version: int, digest: str) -> Seen:
    """Return what a reply to a find shows, compared with this version and digest; `rule` as in `judge`."""
    case = _case(reply, version, digest)
    rule = next(rule for rule in SIGHTINGS if rule.matches(case))
    held = rule.sighting is SightingName.HELD
    return Seen(
        name=rule.sighting,
        rule=named(rule.name, reply),
        receipt=case.receipt if case.status == HTTPStatus.OK else None,
        retry_after_s=retry_after_s(reply) if held else None,
    )


_RECEIPT_FIELDS = frozenset({"national_id", "version", "digest", "received_at", "status", "sequence"})


def is_bare_receipt(reply: Reply) -> bool:
    """Return whether an answer is a receipt and nothing else, word for word: then its bytes hold nothing personal. One
    that echoes more of the document, or says something in a field of it, is not."""
    document = json_object(reply)
    receipt = _receipt(document)
    if document is None or receipt is None or not document.keys() <= _RECEIPT_FIELDS:
        return False
    if receipt.status != document.get("status", "") or integer(document.get("sequence", 0)) is None:
        return False
    return receipt.received_at is not None or document.get("received_at") is None


def _case(reply: Reply, version: int, digest: str) -> Case:
    document = json_object(reply)
    return Case(reply, version, digest, document, _receipt(document))


def _receipt(document: dict[str, Any] | None) -> Receipt | None:
    if document is None:
        return None
    national_id, version = wording.national_id(document.get("national_id")), integer(document.get("version"))
    digest, status = name(document.get("digest")), name(document.get("status", ""))
    if not national_id or version is None or not digest or status is None:
        return None
    return Receipt(national_id, version, digest, instant(document.get("received_at")), wording.status(status)[0])


def _problems(document: dict[str, Any] | None) -> tuple[RemoteProblem, ...]:
    """Read `errors[]`; a problem without any still gives its type and its detail or title as one entry."""
    if document is None:
        return ()
    errors = document.get("errors")
    entries = [entry for entry in errors if isinstance(entry, dict)] if isinstance(errors, list) else []
    if entries:
        return tuple(
            wording.problem(_text(entry, "pointer"), _text(entry, "rule"), _text(entry, "message"))
            for entry in entries[:MAX_PROBLEMS]
        )
    text = _text(document, "detail") or _text(document, "title")
    rule = _text(document, "type")
    return (wording.problem("", rule, text),) if rule or text else ()


def _text(entry: dict[str, Any], key: str) -> str:
    value = entry.get(key)
    return value[:MAX_PROBLEM_TEXT] if isinstance(value, str) else ""
