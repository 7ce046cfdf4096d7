"""singer-sdk: a tap that reads the petitions from SQLite, as https://sdk.meltano.com/en/latest/dev_guide.html."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any, ClassVar

from payload import QUERY, SOURCE
from singer_sdk import Stream, Tap
from singer_sdk import typing as th

_COLUMNS = ("NoiDung", "Ngay", "HoTen", "SoGiayTo", "MaTinh", "MaHuyen", "MaXa", "DiaChi")


class Petitions(Stream):
    """The petitions, each with its person."""

    name = "don"
    primary_keys: ClassVar[list[str]] = ["Id"]
    schema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("Id", th.IntegerType), *(th.Property(name, th.StringType) for name in _COLUMNS)
    ).to_dict()

    def get_records(self, context: Any) -> Iterable[dict[str, Any]]:  # noqa: ARG002  the SDK's signature
        """Read the petitions."""
        connection = sqlite3.connect(SOURCE)
        connection.row_factory = sqlite3.Row
        for row in connection.execute(QUERY):
            yield dict(row)


class TapRegister(Tap):
    """The agency's register."""

    name = "tap-register"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList().to_dict()

    def discover_streams(self) -> list[Stream]:
        """Return the one stream."""
        return [Petitions(tap=self)]


if __name__ == "__main__":
    TapRegister.cli()
