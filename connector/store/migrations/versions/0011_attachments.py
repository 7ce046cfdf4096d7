"""Attachments: the files that records name, and the contents that were sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_KINDS = "'reception', 'petition', 'handling', 'acceptance', 'decision', 'enforcement'"
_FATES = (
    "'none', 'named', 'ready', 'unsafe', 'absent', 'unreadable', 'empty', 'too_large', 'type', 'later',"
    " 'not_redacted', 'not_carried', 'refused'"
)


def upgrade() -> None:
    """Make both tables, empty: whatever a record names is noted when its row is mapped the next time."""
    op.create_table(
        "attachment",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("local_id", sa.String(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("fate", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("modified_ns", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("media_type", sa.String(), nullable=True),
        sa.Column("noted_at", sa.String(27), nullable=False),
        sa.CheckConstraint(f"kind IN ({_KINDS})", name="attachment_kind"),
        sa.CheckConstraint(f"fate IN ({_FATES})", name="attachment_fate"),
        sa.CheckConstraint('"at" >= 0 AND version >= 1', name="attachment_counts"),
        sa.CheckConstraint("(fate = 'ready') = (sha256 IS NOT NULL)", name="ready_has_content"),
        sa.CheckConstraint(
            "(sha256 IS NULL) = (path IS NULL) AND (sha256 IS NULL) = (size_bytes IS NULL)"
            " AND (sha256 IS NULL) = (modified_ns IS NULL) AND (sha256 IS NULL) = (media_type IS NULL)",
            name="content_is_whole",
        ),
        sa.PrimaryKeyConstraint("agency", "kind", "local_id", "at"),
    )
    op.create_index("ix_attachment_content", "attachment", ["agency", "sha256"])
    op.create_table(
        "content",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("state_at", sa.String(27), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.String(27), nullable=True),
        sa.Column("rule", sa.String(), nullable=True),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.CheckConstraint("state IN ('sending', 'waiting', 'received', 'refused')", name="content_state"),
        sa.CheckConstraint("attempt >= 1", name="content_counts"),
        sa.CheckConstraint("(state = 'waiting') = (next_attempt_at IS NOT NULL)", name="waiting_has_time"),
        sa.CheckConstraint("state NOT IN ('waiting', 'refused') OR rule IS NOT NULL", name="untaken_has_rule"),
        sa.PrimaryKeyConstraint("agency", "generation", "sha256"),
    )
