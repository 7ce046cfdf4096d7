"""Measurements: run by hand, never by `make test`."""
