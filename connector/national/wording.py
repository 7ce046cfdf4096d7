"""What the national side says, sorted: codes may be shown anywhere, everything else is text of class C2.

A status, a rule, a pointer, an agency stand in the audit log, in `mirror.sqlite` and in --json. Nothing prevents a
national side from writing a sentence there, with a person in it. So only what looks like a code stays in its place; a
sentence moves to the text beside it, which is kept in the encrypted ledger and shown to people as it came, and its
place gets a neutral word. Pure. May import: core.keys, core.model,
core.schema.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from connector.core.keys import fits
from connector.core.model import RemoteProblem
from connector.core.schema import pattern_of

UNRECOGNISED = "unrecognised"
"""Stands where the national side wrote what is no code. It is no known status: such a record is shown as returned."""

_STATUS = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_RULE = re.compile(r"[A-Za-z][A-Za-z0-9_.:/#-]{0,99}")
_AGENCY = re.compile(r"[A-Z0-9][A-Z0-9.-]{0,39}")
_NATIONAL_ID = re.compile(r"[\w.:/#+-]{1,200}")
_LOCAL_ID = re.compile(r"[a-z0-9][a-z0-9._-]*:[^\s\x00-\x1f\x7f-\x9f:]+")
_POINTER = re.compile(r"(/([a-z][a-z0-9_]*|[0-9]{1,4}))+")
_LONG_NUMBER = re.compile(r"[0-9]{9}")  # a telephone, an identity document: never part of a code


def status(said: str, note: str = "") -> tuple[str, str]:
    """Return a status and the text beside it: as they came, or the neutral word, and the status heads the text."""
    return _sorted(_STATUS, said, note)


def acting_agency(said: str, note: str = "") -> tuple[str, str]:
    """Return an agency's code and the text beside it; of a name in words, "" and the name at the head of the text."""
    code, text = _sorted(_AGENCY, said, note)
    return ("" if code == UNRECOGNISED else code), text


def problem(pointer: str, rule: str, text: str) -> RemoteProblem:
    """Return one entry of a refusal, its rule and the shape of its pointer made sure of."""
    if rule:
        rule, text = _sorted(_RULE, rule, text)
    return RemoteProblem(*_pointed(pointer, text, known=None, rule=rule))


def aimed(entry: RemoteProblem, known: Collection[str]) -> RemoteProblem:
    """Return the entry; where its pointer leads to no field of the schema (`known`: patterns), it leads nowhere."""
    return RemoteProblem(*_pointed(entry.pointer, entry.text, known=known, rule=entry.rule))


def national_id(said: object) -> str | None:
    """Return a national id as it came, None for what is not in one piece."""
    return said if isinstance(said, str) and _NATIONAL_ID.fullmatch(said) else None


def local_id(said: object) -> str | None:
    """Return a local id as our schemas know it, None for anything else: it is nobody's that we could have sent."""
    return said if isinstance(said, str) and _LOCAL_ID.fullmatch(said) and fits(said) else None


def _sorted(code: re.Pattern[str], said: str, text: str) -> tuple[str, str]:
    if not said or (code.fullmatch(said) and not _LONG_NUMBER.search(said)):
        return said, text
    return UNRECOGNISED, _together(said, text)


def _pointed(pointer: str, text: str, *, known: Collection[str] | None, rule: str) -> tuple[str, str, str]:
    fits = _POINTER.fullmatch(pointer) and (known is None or pattern_of(pointer) in known)
    return (pointer, rule, text) if not pointer or fits else ("", rule, _together(pointer, text))


def _together(said: str, text: str) -> str:
    return f"{said}: {text}" if text else said
