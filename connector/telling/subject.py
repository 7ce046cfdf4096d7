"""Everything the ledger can show of one record, gathered in one reading: what a page about it stands on.

The source is not asked: a page must not wait for it. `kntc explain` does.
May import: masking, documents, core; app and store inside functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.telling.masking import Mask
from connector.telling.words import Words

if TYPE_CHECKING:
    from connector.app import App
    from connector.core.kind_mapping import KindMapping
    from connector.core.model import RecordKey
    from connector.store.aliases import Former
    from connector.store.stories import Story
    from connector.store.versions import Confirmed, Text

MOST_VERSIONS = 100
"""So many versions of one record are listed, the newest ones."""

MOST_MOMENTS = 300
"""So many entries of the log are told, the newest ones; a record that is tried for months has thousands."""

MOST_EVENTS = 300
"""So many national statuses are told, the newest ones."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One record. compared: the two versions whose texts are set side by side, older first, None where there is only
    one; concealed: nothing personal is shown of any version, to nobody."""

    key: RecordKey
    story: Story
    concealed: bool
    above: tuple[RecordKey, ...]
    below: tuple[RecordKey, ...]
    aliases: tuple[Former, ...]
    events: tuple[dict[str, Any], ...]
    files: Mapping[str, int]
    confirmed: Confirmed | None
    compared: tuple[Text, Text] | None

    @property
    def versions(self) -> tuple[dict[str, Any], ...]:
        """The versions, newest first."""
        return tuple(reversed(self.story.versions))[:MOST_VERSIONS]

    def mask(self, say: Words, mapping: KindMapping, *, unmasked: bool) -> Mask:
        """Return how the fields of this record are shown."""
        return Mask(say, mapping.fields, self.concealed, unmasked and not self.concealed)


def gather(app: App, key: RecordKey, versions: tuple[int, int] | None, *, with_reasons: bool) -> Subject | None:
    """Return a record, None if the ledger has never seen it. versions: the two to compare; None: the newest one with
    the version that the national side has confirmed, else with the one before. with_reasons: also what people wrote."""
    from connector.store import aliases, attachments, stories
    from connector.store import versions as of_versions

    context = app.context(key.agency)
    commit = app.store.commitment if with_reasons else None
    with app.store.read() as connection:
        story = stories.story(connection, key, context.generation, context.capabilities, commit, MOST_MOMENTS)
        if story is None:
            return None
        known = of_versions.confirmed(connection, key, context.generation)
        pair = versions or _pair(story, known.version if known else 0)
        texts = of_versions.texts(connection, key, pair) if pair else {}
        return Subject(
            key=key,
            story=story,
            concealed=of_versions.is_concealed(connection, key),
            above=tuple(of_versions.above(connection, key)),
            below=tuple(of_versions.below(connection, key)),
            aliases=tuple(aliases.of_record(connection, key)),
            events=tuple(stories.national_events(connection, key)[-MOST_EVENTS:]),
            files=attachments.counts(connection, key.agency, context.generation, key=key),
            confirmed=known,
            compared=(texts[pair[0]], texts[pair[1]]) if pair and len(texts) > 1 else None,
        )


def _pair(story: Story, confirmed: int) -> tuple[int, int] | None:
    known = [int(version["version"]) for version in story.versions]
    if len(known) < 2:  # noqa: PLR2004  nothing to compare
        return None
    return (confirmed if confirmed in known[:-1] else known[-2], known[-1])
