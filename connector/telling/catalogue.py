"""Codes that we send and the national lists have no more.

May import: words; app and store inside functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.telling.words import HERE

if TYPE_CHECKING:
    from connector.app import App
    from connector.core.catalogue import CatalogueEntry


def withdrawn_in_use(app: App, code: str) -> dict[str, tuple[CatalogueEntry, ...]]:
    """Return the codes that the agency's mapping sends and the national lists, as last read, have no more."""
    from connector.core.code_use import used_codes
    from connector.store import catalogues

    agency = app.agency(code)
    national = agency.national
    used = used_codes(agency.mapping, national.translations, national.catalogues)
    with app.store.read() as connection:
        return catalogues.withdrawn(connection, code, app.generation(code), used, app.now().astimezone(HERE).date())
