"""The code lists of the national side: those of `schemas/codes/` on `decree55`, the fourteen on `ttcp2018`.

Either side's lists can be replaced while it runs, as a national side changes them.
May import: the standard library, wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.wire import Refusal, problem


class Catalogues:
    """Lists by name, each as code -> words. `shipped`: the parsed files of `schemas/codes/`.

    `replaced`: what stands in the place of a list of either side; None: the list does not exist."""

    def __init__(self, shipped: Mapping[str, Any]) -> None:
        self._shipped = shipped
        self.replaced: dict[str, Mapping[str, str] | None] = {}

    def document(self, name: str) -> dict[str, Any]:
        """Return a list of `decree55` as it is answered. Refuses (404) one that does not exist."""
        if name in self.replaced:
            listed = self.replaced[name]
            items = [{"code": code, "title": title} for code, title in (listed or {}).items()]
            exists = listed is not None
        else:
            items = [_item(entry) for entry in self._shipped.get(name, {}).get("codes", ())]
            exists = name in self._shipped
        if not exists:
            raise Refusal(problem(404, "no-such-catalogue"))
        return {"name": name, "items": items}


def _item(entry: Mapping[str, str]) -> dict[str, str]:
    days = {key: entry[key] for key in ("valid_from", "valid_to") if entry.get(key)}
    return {"code": entry["code"], "title": entry["vi"], **days}
