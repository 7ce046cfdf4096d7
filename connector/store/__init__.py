"""Floor 1, the edge to our own disk: `db.py` alone opens it, each other module owns its tables' statements."""
