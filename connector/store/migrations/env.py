"""What Alembic runs: the connection and its open transaction come from `store/upgrade.py`, and stay its own."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], render_as_batch=True)
context.run_migrations()
