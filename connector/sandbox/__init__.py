"""The national side, double: the profiles `decree55` and `ttcp2018` on loopback, with faults by rule and by seed.

It proves what the connector promises: it validates every request, counts national effects per version, keeps a
request log, and can lose an answer after the commit. It never imports `connector.national`: it is the other side.
"""

from __future__ import annotations

from connector.sandbox.faults import FaultRule
from connector.sandbox.sandbox import Sandbox
from connector.sandbox.ttcp2018.values import Case, Created, Petitioner, RefusedRequest, Step, record_of
from connector.sandbox.ttcp2018.variant import NoSuchVariant, SignIn, Variant
from connector.sandbox.values import Effect, Held, LogLine

__all__ = [
    "Case",
    "Created",
    "Effect",
    "FaultRule",
    "Held",
    "LogLine",
    "NoSuchVariant",
    "Petitioner",
    "RefusedRequest",
    "Sandbox",
    "SignIn",
    "Step",
    "Variant",
    "record_of",
]
