"""singer-sdk: a target that posts each record, as https://sdk.meltano.com/en/latest/sinks.html (RecordSink).

With the retries that the SDK itself uses for its REST streams (backoff, five tries): without them the first lost answer
ends the run, and the next run begins again at the first row.
"""

from __future__ import annotations

from typing import Any, ClassVar

import backoff
import requests
from payload import URL, USER, payload_of
from singer_sdk import RecordSink, Target
from singer_sdk import typing as th


class NationalSink(RecordSink):
    """Posts one record at a time."""

    @backoff.on_exception(backoff.expo, requests.ConnectionError, max_tries=5, factor=0.1)
    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:  # noqa: ARG002  the SDK's
        """Post one record."""
        requests.post(URL, json=payload_of(record), auth=USER, timeout=30).raise_for_status()


class TargetNational(Target):
    """The national side."""

    name = "target-national"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList().to_dict()
    default_sink_class = NationalSink


if __name__ == "__main__":
    TargetNational.cli()
