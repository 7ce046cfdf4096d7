"""The sandbox keeps the published contract: Schemathesis against `schemas/decree55.openapi.yaml`, every check on.

What is generated is valid or invalid by that file alone. What a schema cannot say is put right before a request leaves
(`_bundled`, `_address`): the agency is ours, a key has at most 128 bytes, the document names the record of the path,
and Content-Digest is the digest of the body.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest
import requests
import schemathesis
import yaml
from schemathesis import Case
from schemathesis.core.parameters import ParameterLocation

from connector.core.model import KINDS
from connector.resources import schema_documents, shipped
from connector.sandbox import Sandbox
from tests.sandbox.caller import AGENCY, CREDENTIALS, Caller

SEED = 55
ACCEPTED = ["2xx", "401", "403", "404", "409"]
PATTERNS = {
    "agency_code": schema_documents()["common"]["$defs"]["agency_code"]["pattern"],
    "local_id": schema_documents()["common"]["$defs"]["local_ref"]["pattern"],
    "kind": f"^({'|'.join(KINDS)})$",
}
DIGEST = re.compile(r"^sha-256=:[A-Za-z0-9+/]{43}=:$")


def _bundled() -> dict[str, Any]:
    """Return the contract with the canonical schemas inside, as one document without files or URNs to fetch."""
    contract: dict[str, Any] = yaml.safe_load(shipped("schemas", "decree55.openapi.yaml").read_text("utf-8"))
    contract["components"]["schemas"].update(
        {f"doc-{stem}": {**document, "$id": None} for stem, document in schema_documents().items()}
    )
    # Of what a path names nothing is changed later: what is changed is judged anew, in its percent-encoded spelling.
    parameters = contract["components"]["parameters"]
    parameters["Agency"]["schema"]["enum"] = [AGENCY]
    parameters["LocalId"]["schema"]["maxLength"] = 32  # 128 bytes at the most
    bundled: dict[str, Any] = _rewritten(contract)
    return bundled


def _slim(contract: dict[str, Any]) -> dict[str, Any]:
    for name, document in contract["components"]["schemas"].items():
        if name.startswith("doc-") and name != "doc-common":
            kept = {*document["required"], "content", "petition_ref", "acceptance_ref", "kind", "result"}
            document["properties"] = {key: each for key, each in document["properties"].items() if key in kept}
    return contract


def _rewritten(node: Any) -> Any:
    if isinstance(node, list):
        return [_rewritten(each) for each in node]
    if not isinstance(node, dict):
        return node
    kept = {name: _rewritten(each) for name, each in node.items() if name not in ("$id", "$schema", "x-kntc")}
    if isinstance(reference := node.get("$ref"), str):
        kept["$ref"] = re.sub(
            r"^(?:canonical/(\w+)\.json#?|urn:kntc:canonical:(\w+)#?)",
            lambda found: f"#/components/schemas/doc-{found[1] or found[2]}",
            reference,
        )
    return kept


def _contract(document: dict[str, Any], max_examples: int) -> Any:
    contract = schemathesis.openapi.from_dict(document)
    contract.config.seed = SEED
    contract.config.generation.update(max_examples=max_examples, deterministic=True, database="none")
    # A generated cursor is well-formed and yet one that nobody handed out: 410 is the right answer to it.
    contract.config.checks.positive_data_acceptance.expected_statuses = [*ACCEPTED, "410"]
    return contract


whole_contract = _contract(_bundled(), max_examples=25)
"""As published, for random requests: the coverage phase would take minutes over documents of this size."""
whole_contract.config.phases.coverage.enabled = False

slim_contract = _contract(_slim(_bundled()), max_examples=1)
"""With small documents (required properties only), for every header, parameter and method in turn."""
slim_contract.config.phases.fuzzing.enabled = False


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(credentials=CREDENTIALS, seed=SEED) as running:
        yield running


@pytest.fixture(scope="module")
def token(sandbox: Sandbox) -> Iterator[str]:
    with Caller(sandbox.base_url) as caller:
        yield caller.http.headers["Authorization"]


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as kept:
        kept.trust_env = False
        yield kept


def _address(case: Case[Any], base_url: str) -> None:
    """Make a generated request about us and of one piece, leaving alone what was made wrong on purpose."""
    path = case.path_parameters
    if isinstance(case.body, dict) and "local_id" in path and not _is_negative(case, ParameterLocation.PATH):
        named = {"agency_code": AGENCY, "local_id": unquote(path["local_id"]), "kind": path.get("kind", "")}
        for name, value in named.items():
            if re.search(PATTERNS[name], str(case.body.get(name))):
                case.body[name] = value
    if DIGEST.search(str(case.headers.get("Content-Digest"))):
        prepared: Any = requests.Request(**case.as_transport_kwargs(base_url)).prepare().body or b""
        digest = hashlib.sha256(prepared if isinstance(prepared, bytes) else prepared.encode()).digest()
        if "sha256" in path and not _is_negative(case, ParameterLocation.PATH):
            path["sha256"] = digest.hex()
        case.headers["Content-Digest"] = f"sha-256=:{base64.b64encode(digest).decode()}:"


def _is_negative(case: Case[Any], location: ParameterLocation) -> bool:
    return case.meta is not None and case.meta.is_negative_at(location)


@whole_contract.parametrize()
def test_random_requests_find_no_fault_in_the_contract(
    case: Case[Any], sandbox: Sandbox, token: str, session: requests.Session
) -> None:
    _call(case, sandbox.base_url, token, session)


@slim_contract.parametrize()
def test_every_parameter_header_and_method_is_as_the_contract_says(
    case: Case[Any], sandbox: Sandbox, token: str, session: requests.Session
) -> None:
    _call(case, sandbox.base_url, token, session)


def _call(case: Case[Any], base_url: str, token: str, session: requests.Session) -> None:
    headers = {} if case.path == "/oauth2/token" else {"Authorization": token}
    _address(case, base_url)
    case.call_and_validate(base_url=base_url, session=session, headers=headers)


def test_what_was_generated_did_reach_the_records(sandbox: Sandbox) -> None:
    """A generator whose every document is refused for its key proves nothing of the contract, and nobody sees it."""
    assert {effect.kind for effect in sandbox.effects()} == {*KINDS}
    assert 404 in {line.status for line in sandbox.log() if line.path.endswith("/withdrawal")}
    assert sandbox.contents(AGENCY)
