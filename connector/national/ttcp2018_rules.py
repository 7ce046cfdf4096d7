"""The judgement of answers of `ttcp2018`, as two tables: RULES for an update, SEARCH_RULES for a search.

This interface cannot echo a version or a digest. What counts instead: status 200, an answer that can be decoded, the
bus saying that it succeeded where it says such things, and a non-empty `Id`; on an update of something whose id we
know, the same `Id`. The receipt then carries our own version and digest: they say what was sent when that answer came.
A lost answer is never sent again from here: the server creates on every repeat.
Pure. May import: core, base, replies, ttcp2018_answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from connector.core.model import Receipt, RemoteProblem, SightingName, Verdict, VerdictName
from connector.core.text import folded
from connector.national.base import Reply
from connector.national.replies import (
    Rule,
    SightingRule,
    lost,
    named,
    retry_after_s,
    status,
    status_class,
    status_of,
)
from connector.national.ttcp2018_answers import Said


@dataclass(frozen=True, slots=True)
class Case:
    """One reply to an update. `own`: the id that we sent for the thing itself, "" for a create."""

    reply: Reply
    said: Said
    own: str
    busy: bool

    @property
    def id(self) -> str | None:
        """The id of a 200; None where there is none, or no 200."""
        return self.said.given_id if status_of(self.reply) == HTTPStatus.OK else None

    @property
    def gave_own_id(self) -> bool:
        """Whether the answer has an id, and the one that was asked about."""
        return bool(self.id) and self.own in ("", self.id)


@dataclass(frozen=True, slots=True)
class Search:
    """One reply to a search."""

    reply: Reply


_N = VerdictName
RULES: tuple[Rule[Case], ...] = (
    Rule("nothing_sent", _N.HOLD, lost(sent=False)),
    Rule("answer_lost", _N.UNKNOWN, lost(sent=True)),
    Rule("id_given", _N.DELIVERED, lambda case: case.gave_own_id and case.said.succeeded is True),
    Rule("other_id_given", _N.UNKNOWN, lambda case: bool(case.id) and case.said.succeeded is True),
    # An id beside a code of failure: something may have been made.
    Rule("not_succeeded", _N.UNKNOWN, lambda case: bool(case.id) or (case.id == "" and case.said.succeeded is None)),
    # Not a hold: a phrase that is set too broadly must not stop the channel, only use up this record's attempts.
    Rule("refused_for_now", _N.RETRY, lambda case: case.id == "" and case.busy),
    Rule("refused", _N.REJECTED, lambda case: case.id == ""),
    Rule("no_id", _N.UNKNOWN, lambda case: status_of(case.reply) // 100 == 2),  # noqa: PLR2004  2xx
    Rule("redirected", _N.UNKNOWN, status_class(3)),
    Rule("unauthorised", _N.HOLD, status(401)),
    Rule("forbidden", _N.HOLD, status(403)),
    Rule("busy", _N.HOLD, status(429, 503)),
    Rule("too_early", _N.RETRY, status(408, 425)),
    Rule("too_large", _N.REJECTED, status(413)),
    # This interface refuses inside a 200; any other no is that of something in front of it.
    Rule("refused_by_gateway", _N.UNKNOWN, status_class(4)),
    Rule("server_failed", _N.UNKNOWN, status_class(5)),
    Rule("unmatched", _N.UNKNOWN, lambda _case: True),
)

_S = SightingName
SEARCH_RULES: tuple[SightingRule[Search], ...] = (
    SightingRule("nothing_sent", _S.HELD, lost(sent=False)),
    SightingRule("answer_lost", _S.UNREADABLE, lost(sent=True)),
    SightingRule("busy", _S.HELD, status(429, 503)),
    SightingRule("unauthorised", _S.HELD, status(401)),
    SightingRule("forbidden", _S.HELD, status(403)),
    SightingRule("unmatched", _S.UNREADABLE, lambda _search: True),
)
"""For a search that brought no list. What a list shows is decided in ttcp2018_search.py by the rule of matching.py."""


def judge(reply: Reply, said: Said, own: str, version: int, digest: str, busy_messages: Sequence[str] = ()) -> Verdict:
    """Return what a reply to an update means. `busy_messages`: phrases of a refusal that is not final."""
    case = Case(reply, said, own, _is_busy(said.message, busy_messages))
    rule = next(rule for rule in RULES if rule.matches(case))
    waits = rule.verdict in (VerdictName.HOLD, VerdictName.RETRY)
    return Verdict(
        name=rule.verdict,
        rule=named(rule.name, reply),
        receipt=Receipt(case.id or "", version, digest, None, "") if rule.verdict is _N.DELIVERED else None,
        problems=_problems(said.message) if rule.verdict is _N.REJECTED else (),
        retry_after_s=retry_after_s(reply) if waits else None,
    )


def why_no_list(reply: Reply) -> tuple[SightingName, str, float | None]:
    """Return what a search means that brought no list: its sighting, the rule, and the wait it asks for."""
    search = Search(reply)
    rule = next(rule for rule in SEARCH_RULES if rule.matches(search))
    wait_s = retry_after_s(reply) if rule.sighting is SightingName.HELD else None
    return rule.sighting, named(rule.name, reply), wait_s


def _is_busy(message: str, phrases: Sequence[str]) -> bool:
    told = folded(message)
    return any(phrase in told for phrase in map(folded, phrases) if phrase)


def _problems(message: str) -> tuple[RemoteProblem, ...]:
    """A refusal has no code and no place, only its words; with none, the national side has not said why."""
    return (RemoteProblem("", "", message),) if message.strip() else ()
