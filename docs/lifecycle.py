"""Writes docs/lifecycle.md from the tables of connector/core/lifecycle.py:   python docs/lifecycle.py

A test compares the file with what this module makes, so the page cannot say anything else than the program does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from connector.core.lifecycle import (
    ACTIVE,
    AFTER_ANSWER,
    AFTER_CRASH,
    AFTER_FIND,
    BEFORE_SENDING,
    DECIDABLE,
    NEEDS_ATTENTION,
    OF_WITHDRAWAL,
    ON_DECISION,
    ON_RESYNC,
    OVERTAKEN,
    REPLACEABLE,
    Absence,
    Limits,
    Probable,
    Recourse,
    Standing,
    Step,
    Wait,
    after_answer,
    after_crash,
    after_find,
    before_sending,
    delay_s,
    on_decision,
    on_resync,
    settle,
)
from connector.core.model import Cause, Decision, SightingName, State, VerdictName
from connector.national.rules import RULES, SIGHTINGS
from connector.telling.words import Words

PAGE = Path(__file__).with_suffix(".md")

STATES = {
    State.PENDING: "recorded, waits for its turn, for its parent, for the channel or for the next try",
    State.SENDING: "claimed: the intent is on disk, bytes may be leaving",
    State.UNKNOWN: "bytes may have left and no answer counts: nobody sends before somebody looked",
    State.DELIVERED: "the national side echoed this version and this digest",
    State.REJECTED: "the national side refused it with a reason: mended at the source",
    State.QUARANTINED: "cannot go as it is; the cause says why",
    State.NOT_SENT: "by rule: excluded, became secret, or of a kind that is not carried",
    State.SUPERSEDED: "a newer version of the same key took its place",
    State.RETRACTED: "its withdrawal was received nationally; a newer version that is put reinstates it",
}

VERDICTS = {
    VerdictName.DELIVERED: "2xx that echoes our version and digest",
    VerdictName.HOLD: "nothing left this machine (DNS, connect, TLS), or 401 after one refresh, 403, 429, 503",
    VerdictName.RETRY: "408, 425, 409 while the same key is in progress",
    VerdictName.REJECTED: "413; 400, 415 or 422 in the words of the interface itself",
    VerdictName.UNKNOWN: "time ran out, reset, 5xx, a gateway's 4xx, an answer nobody can read or that no line matches",
    VerdictName.CONFLICT: "409 about another version: look first",
    VerdictName.ASK: "a look before sending showed what only a person can judge; nothing was sent",
}

MEANINGS = {
    SightingName.SAME: "our version, our digest",
    SightingName.ABSENT: "the key is not there",
    SightingName.OLDER: "an older version is there",
    SightingName.NEWER: "a newer version is there: our store went back in time, or somebody else sends this key",
    SightingName.OTHER: "our version with another digest",
    SightingName.SEVERAL: "more than one candidate",
    SightingName.UNREADABLE: "the answer cannot be read",
    SightingName.HELD: "the question could not be asked",
}

WAITS = {
    Wait.NEVER: "",
    Wait.NOW: "at once",
    Wait.BACKOFF: "later, each time twice as long",
    Wait.CHANNEL: "when the channel is free",
    Wait.SETTLED: "when `absent_after_s` has passed",
}

CAUSES = {
    Cause.MAPPING: "the row does not make a valid document",
    Cause.PARENT_MISSING: "it names a parent that the source does not have",
    Cause.EXHAUSTED: "out of attempts",
    Cause.CRASH: "the program died on it too often",
    Cause.GUARD: "it hangs on what was concealed or set aside since; goes when its own row was read again",
    Cause.NOT_CARRIED: "the profile has no place for this kind",
    Cause.EXCLUDED: "the mapping's universe now excludes it",
    Cause.BECAME_SECRET: "the source now marks it as a state secret; its text is erased here",
    Cause.CONFLICT: "the national side holds this version with another digest",
    Cause.NATIONAL_AHEAD: "the national side holds a newer version",
    Cause.SEVERAL: "the national side shows records that may be this one: `kntc unknown show`",
    Cause.NOT_FINDABLE: "its answer is lost, and nobody can look for it or safely repeat it: `kntc unknown show`",
}

RECOURSES = {
    "a create may be repeated (`create_idempotent`)": Recourse(create_idempotent=True),
    "an update by a national id we know may be (`update_idempotent`)": Recourse(own_update=True),
    "neither": Recourse(),
}
BLIND = Recourse(findable=False)
BLIND_OWN = Recourse(findable=False, own_update=True)

DECISIONS = {
    Decision.LINK: "`kntc unknown link`: this national record is ours",
    Decision.CREATE: "`kntc unknown send`: it is not there",
}

EARLY, ONCE, SURE = Absence(False, False), Absence(True, False), Absence(True)

LIMITS = Limits()
FRESH = Standing(attempt=1, crashes=0, newer_exists=False, has_body=True)
BACK = Step(State.PENDING, Wait.NOW)

CORRECTIONS = (
    ("a newer version of the key exists", Standing(1, 0, newer_exists=True, has_body=True)),
    ("its text was erased, because it became secret", Standing(1, 0, newer_exists=False, has_body=False)),
    (f"{LIMITS.attempts} attempts (`push.attempts`) are used up", Standing(LIMITS.attempts, 0, False, True)),
    (f"{LIMITS.crashes} crashes on this delivery", Standing(1, LIMITS.crashes, False, True)),
)
"""What corrects a step back to pending, in this order; a hold gives the attempt back and uses none up."""


def page() -> str:
    """Return the whole page."""
    parts = (
        _head(),
        _diagram(),
        _section("States", ("state", "Vietnamese label", "means"), _states()),
        _section("Causes", ("cause", "means"), ((f"`{cause}`", CAUSES[cause]) for cause in Cause)),
        _section("After an answer (`AFTER_ANSWER`)", ("verdict", "when", "rules", "becomes", "next"), _answers()),
        "The first matching line of `connector/national/rules.py` decides; its name stands in the audit log.",
        _section(
            "After a find (`AFTER_FIND`)",
            ("sighting", "means", "rules", *RECOURSES),
            _finds(),
        ),
        _after_finds(),
        _section(
            "Kinds that cannot be looked for (`WITHOUT_FIND`)",
            ("event", "may be repeated", "may not"),
            _without_find(),
        ),
        _section(
            "A look before a create that would count twice (`BEFORE_SENDING`)", ("sighting", "then"), _before_sending()
        ),
        _after_looks(),
        _section("When a person decides (`ON_DECISION`)", ("word", "becomes"), _decisions()),
        _after_decisions(),
        _section("Corrections of a step back to pending", ("if", "becomes"), _corrections()),
        _section(
            "When a person asks again (`ON_RESYNC`)",
            ("state", "becomes", "cannot be looked for", "… but may be repeated"),
            _resyncs(),
        ),
        _tail(),
    )
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _head() -> str:
    return """
# Life of a delivery

*Made by `python docs/lifecycle.py` from `connector/core/lifecycle.py`. Do not edit.*

A delivery is one version of one document on its way. It changes its state only by the tables below."""


def _diagram() -> str:
    lines = "\n".join(f"    {edge}" for edge in _edges())
    return f"```mermaid\nstateDiagram-v2\n{lines}\n```"


def _edges() -> Iterator[str]:
    """The arrows; several events between the same two states share one."""
    yield f"[*] --> {State.PENDING}: recorded"
    yield f"[*] --> {State.QUARANTINED}: row in error"
    yield f"[*] --> {State.NOT_SENT}: by rule"
    yield f"{State.PENDING} --> {State.SENDING}: claimed"
    yield f"{State.PENDING} --> {OVERTAKEN.state}: overtaken"
    labels: dict[tuple[State, State], list[str]] = {}
    for verdict, step in AFTER_ANSWER.items():
        labels.setdefault((State.SENDING, step.state), []).append(verdict)
    labels.setdefault((State.SENDING, AFTER_CRASH.state), []).append("crash")
    _withdrawals(labels)
    for sighting in AFTER_FIND:
        found = {after_find(sighting, FRESH, LIMITS, recourse, SURE).state for recourse in RECOURSES.values()}
        for to in found - {State.UNKNOWN}:
            labels.setdefault((State.UNKNOWN, to), []).append(f"found {sighting}")
    for decision, step in ON_DECISION.items():
        labels.setdefault((State.UNKNOWN, step.state), []).append(f"a person: {decision}")
    for state, step in ON_RESYNC.items():
        if state is not step.state:
            labels.setdefault((state, step.state), []).append("resync")
    labels.setdefault((State.UNKNOWN, State.SUPERSEDED), []).append("absent or older, a newer version exists")
    for state in _in_order(REPLACEABLE):
        labels.setdefault((state, State.SUPERSEDED), []).append("newer version")
    for (before, after), events in labels.items():
        yield f"{before} --> {after}: {', '.join(events)}"


def _withdrawals(labels: dict[tuple[State, State], list[str]]) -> None:
    for state, end in OF_WITHDRAWAL.items():
        for before in (State.SENDING, State.UNKNOWN):
            labels.setdefault((before, end), []).append(f"withdrawal {state}")


def _states() -> Iterator[tuple[str, ...]]:
    say = Words("vi")
    for state in State:
        yield f"`{state}`", say(f"state.{state}"), STATES[state]


def _answers() -> Iterator[tuple[str, ...]]:
    for verdict, step in AFTER_ANSWER.items():
        yield f"`{verdict}`", VERDICTS[verdict], _rules(verdict), _state(step), _wait(step)
    yield "(none)", "the program died, or its claim ran out", "", _state(AFTER_CRASH), _wait(AFTER_CRASH)


def _finds() -> Iterator[tuple[str, ...]]:
    for sighting in AFTER_FIND:
        cells = (_in_time(sighting, recourse) for recourse in RECOURSES.values())
        yield f"`{sighting}`", MEANINGS[sighting], _rules(sighting), *cells


def _in_time(sighting: SightingName, recourse: Recourse) -> str:
    """What a sighting makes of a delivery at first, and what it does once an absence can be believed."""
    said = [_both(after_find(sighting, FRESH, LIMITS, recourse, absence)) for absence in (EARLY, ONCE, SURE)]
    return "; then ".join(dict.fromkeys(said))


def _after_finds() -> str:
    return """
`absent` counts when it was seen `absent_sightings` times in a row, and `absent_after_s` after the last byte. Any other
sighting begins the count anew. An update by a national id that we know goes again at once unless a newer version waits:
the older one must not arrive after it."""


def _without_find() -> Iterator[tuple[str, ...]]:
    events = (
        ("the answer is lost", lambda recourse: after_answer(VerdictName.UNKNOWN, FRESH, LIMITS, recourse)),
        ("409 about another version", lambda recourse: after_answer(VerdictName.CONFLICT, FRESH, LIMITS, recourse)),
        ("the program died, or its claim ran out", after_crash),
        ("its time has come", lambda recourse: after_find(SightingName.UNREADABLE, FRESH, LIMITS, recourse, SURE)),
    )
    for words, step in events:
        yield words, _both(step(BLIND_OWN)), _both(step(BLIND))


def _before_sending() -> Iterator[tuple[str, ...]]:
    for sighting, verdict in BEFORE_SENDING.items():
        yield f"`{sighting}`", f"as after the answer `{verdict}`" if verdict else "it is sent"
        if sighting is SightingName.ABSENT:
            for policy in Probable:
                words = f'`{sighting}`, beside probable ones; `probable_cases = "{policy}"`'
                one, two = (before_sending(sighting, count, policy, decided=False) for count in (1, 2))
                said = f"as after the answer `{one}`" if one else "it is sent"
                yield words, said if one == two else f"exactly one: {said}; several: `{two}`"


def _after_looks() -> str:
    return """
Looked for first is what may not be repeated. A probable one is a record of the same person, area and content that
somebody else may have made; before an update it does not matter. `delivered` adopts it. A person's `create` is kept
with the key: the next look sends. What is `older` goes as an update of it, never as a second create."""


def _decisions() -> Iterator[tuple[str, ...]]:
    for decision in ON_DECISION:
        step = on_decision(decision, Cause.SEVERAL, FRESH)
        overtaken = on_decision(decision, Cause.SEVERAL, CORRECTIONS[0][1])
        both = [_both(each) for each in (step, overtaken) if each]
        yield DECISIONS[decision], "; if a newer version exists: ".join(dict.fromkeys(both))


def _after_decisions() -> str:
    return f"""
Only of a delivery with cause {" or ".join(f"`{cause}`" for cause in Cause if cause in DECIDABLE)}. With `conflict` or
`national_ahead` a word here would not change what the national side holds under our own key."""


def _corrections() -> Iterator[tuple[str, ...]]:
    for words, standing in CORRECTIONS:
        yield words, _both(settle(BACK, standing, LIMITS))


def _resyncs() -> Iterator[tuple[str, ...]]:
    for state in ON_RESYNC:
        steps = (on_resync(state, FRESH, recourse) for recourse in (Recourse(), BLIND, BLIND_OWN))
        yield f"`{state}`", *(_both(step) if step else "stays: outcome `not_findable`" for step in steps)


def _tail() -> str:
    delays = ", ".join(f"{delay_s(times, 0.0, LIMITS):.0f}" for times in range(1, 10))
    return f"""
## Rules around the tables

* A newer version supersedes an older one that is {_listed(REPLACEABLE)}. It waits while an older one is
  {_listed(ACTIVE)}: the national side may still be acting on that one.
* A withdrawal is a version like any other. Received, it is {State.RETRACTED} instead of {State.DELIVERED}, and what
  hangs on the record waits again; a newer version that is put reinstates it.
* A child is claimed once its parent key has a receipt, in any version. Until then it is in the list `blocked`.
* Delivered is not the end: a record that the national side sends back (`returned_for_correction`,
  `duplicate_suspected`, or a status that this program does not know) is in the list `returned` until a newer version
  is delivered or a named person closes it.
* A run is "partial" while any newest version is {_listed(NEEDS_ATTENTION)}, blocked or returned.
* Exhausted deliveries are quarantined; an `unknown` one never is, since nobody may send it again unseen.
* Waits between tries, in seconds, with the defaults: {delays}; plus up to {LIMITS.first_delay_s:.0f} at random."""


def _rules(decided: VerdictName | SightingName) -> str:
    names = [rule.name for rule in RULES if rule.verdict is decided]
    names += [rule.name for rule in SIGHTINGS if rule.sighting is decided]
    return ", ".join(names)


def _state(step: Step) -> str:
    return f"`{step.state}`" + (f" ({step.cause})" if step.cause else "")


def _wait(step: Step) -> str:
    if step.wait is Wait.NEVER:
        return "over" if step.state is State.DELIVERED else "a person"
    return WAITS[step.wait] + ("; the attempt does not count" if step.attempt_back else "")


def _both(step: Step) -> str:
    waits = WAITS[step.wait] or ("a person decides" if step.state in NEEDS_ATTENTION else "")
    return ", ".join(part for part in (_state(step), waits) if part)


def _in_order(states: Iterable[State]) -> list[State]:
    return sorted(states, key=list(State).index)


def _listed(states: Iterable[State]) -> str:
    *most, last = (f"`{state}`" for state in _in_order(states))
    return f"{', '.join(most)} or {last}"


def _section(title: str, heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (heads, ("---",) * len(heads), *rows)]
    return f"## {title}\n\n" + "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
