"""Errors as sentences: the one translation that terminal and console share.

May import: words, errors.
"""

from __future__ import annotations

import traceback
from dataclasses import replace

from connector.errors import ConfigError, KntcError, PartlyReadError
from connector.telling.words import ErrorText, Words


def text_of(error: KntcError, say: Words) -> ErrorText:
    """Return the sentence of an error with its values; words of ours among the values are translated."""
    values: dict[str, object] = dict(error.values)
    if "fault" in values:
        values["fault"] = say.label("fault", str(values["fault"]))
    if "right" in values:
        values["right"] = say.label("right", str(values["right"]))
    if "holder" in values:
        values["holder"] = say.holder(str(values["holder"]))
    if isinstance(error, ConfigError) and error.problems and error.id == "E-CONFIG":
        return say.error("E-CONFIG", **values)
    text = _of_source(say.error(error.id, **values), error, say)
    cure = f"cure.{error.values.get('fault', '')}"
    return replace(text, next=say(cure)) if say.has(cure) else text


def _of_source(text: ErrorText, error: KntcError, say: Words) -> ErrorText:
    """Where an agency has several sources: which one it is, and that the others were read."""
    if "of_source" in error.values:
        text = replace(text, what=say("error.of_source", source=error.values["of_source"], what=text.what))
    if isinstance(error, PartlyReadError):
        text = replace(text, next=f"{text.next} {say('error.others_read')}")
    return text


def fault_of(error: Exception) -> KntcError:
    """Return a fault of this program as an error that can be shown: its kind and its place, nothing else."""
    places = places_of(error)
    return KntcError("E-BUG", error=type(error).__name__, where=places[-1] if places else "?")


def places_of(error: Exception) -> list[str]:
    """Return by which places of the program an error came, never what it says: that may be a value of a record."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename.rpartition('connector/')[2]}:{frame.lineno}" for frame in frames]
