"""An agency's side for these tests: real HTTP over loopback, written apart from `connector.national`."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

AGENCY = "H08.5"
OTHER_AGENCY = "H08.6"
CREDENTIALS = {AGENCY: ("client-5", "s:cret/5"), OTHER_AGENCY: ("client-6", "secret-6")}


def petition(local_id: str, **fields: Any) -> dict[str, Any]:
    """Return a small petition that its schema accepts."""
    document = {
        "agency_code": AGENCY,
        "local_id": local_id,
        "received_on": "2026-03-02",
        "type": "complaint",
        "content": "Nội dung thử nghiệm",
    }
    return document | fields


def encoded(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def put_headers(body: bytes, version: int = 1) -> dict[str, str]:
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    return {
        "Content-Type": "application/json",
        "Content-Digest": f"sha-256=:{digest}:",
        "Idempotency-Key": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{version} {digest}")),
        "X-Record-Version": str(version),
        "X-Schema-Version": "1",
        "X-Change-Cause": "progress",
    }


class Caller:
    """Calls the sandbox as one agency. Each call returns the answer as it came; a lost one raises httpx's error."""

    def __init__(self, base_url: str, agency: str = AGENCY) -> None:
        self.agency = agency
        self.http = httpx.Client(base_url=base_url, trust_env=False, timeout=10)
        self.sign_in()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def sign_in(self) -> httpx.Response:
        client, secret = CREDENTIALS[self.agency]
        answer = self.http.post(
            "/oauth2/token",
            data={"grant_type": "client_credentials"},
            auth=(quote(client, safe=""), quote(secret, safe="")),
        )
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return answer

    def path(self, local_id: str, kind: str = "petition") -> str:
        return f"/v1/agencies/{self.agency}/{kind}/{quote(local_id, safe='')}"

    def put(self, document: dict[str, Any], version: int = 1, kind: str = "petition", **headers: str) -> httpx.Response:
        """PUT a document; keyword arguments replace headers (`X_Record_Version="0"`)."""
        body = encoded(document)
        sent = put_headers(body, version) | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.put(self.path(document["local_id"], kind), content=body, headers=sent)

    def withdraw(self, local_id: str, version: int, reason: str = "Nhập trùng", **fields: Any) -> httpx.Response:
        """POST the withdrawal of a petition; keyword arguments replace fields of its body."""
        document = {"agency_code": self.agency, "kind": "petition", "local_id": local_id, "reason": reason} | fields
        body = encoded(document)
        return self.http.post(f"{self.path(local_id)}/withdrawal", content=body, headers=put_headers(body, version))

    def get(self, local_id: str, kind: str = "petition") -> httpx.Response:
        return self.http.get(self.path(local_id, kind))

    def feed(self, after: str = "", limit: int = 100) -> httpx.Response:
        return self.http.get(f"/v1/agencies/{self.agency}/status-updates", params={"after": after, "limit": limit})

    def manifest(self, after: str = "", limit: int = 100, kind: str = "petition") -> httpx.Response:
        return self.http.get(f"/v1/agencies/{self.agency}/{kind}", params={"after": after, "limit": limit})

    def acknowledge(self, cursor: str) -> httpx.Response:
        return self.http.post(f"/v1/agencies/{self.agency}/status-updates/ack", json={"cursor": cursor})
