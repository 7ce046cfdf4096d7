"""dlt: rows of SQLite into a custom destination, as https://dlthub.com/docs/dlt-ecosystem/destinations/destination.

The destination function gets batches of PEER_BATCH rows (10 is dlt's default) and posts them one by one, for the
interface takes one at a time. An error leaves the function; dlt then repeats the batch, as it is built to.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from typing import Any

import dlt
import requests
from payload import QUERY, SOURCE, URL, USER, payload_of


@dlt.destination(batch_size=int(os.environ["PEER_BATCH"]), name="national")
def national(items: list[dict[str, Any]], table: dict[str, Any]) -> None:  # noqa: ARG001  dlt passes it by name
    """Post each row of a batch."""
    for row in items:
        requests.post(URL, json=payload_of(row), auth=USER, timeout=30).raise_for_status()


@dlt.resource(name="don", primary_key="Id", write_disposition="append")
def petitions() -> Iterator[dict[str, Any]]:
    """Read the petitions."""
    connection = sqlite3.connect(SOURCE)
    connection.row_factory = sqlite3.Row
    for row in connection.execute(QUERY):
        yield dict(row)


if __name__ == "__main__":
    print(dlt.pipeline("petitions", destination=national, dataset_name="national").run(petitions()))
