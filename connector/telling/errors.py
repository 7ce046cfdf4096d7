"""Errors as sentences: the one translation that terminal and console share.

May import: words, errors.
"""

from __future__ import annotations

from dataclasses import replace

from connector.errors import ConfigError, KntcError
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
    text = say.error(error.id, **values)
    cure = f"cure.{error.values.get('fault', '')}"
    return replace(text, next=say(cure)) if say.has(cure) else text
