"""An index by which the children of a record are found: they go with it when it is set aside."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_record_parent", "record", ["agency", "parent_kind", "parent_local_id"], unique=False)
