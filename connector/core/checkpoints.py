"""Signed checkpoints of an agency's log, and the keys that sign them (Ed25519).

What a checkpoint says and how it is judged stands in `verifier`, which auditors have too; here it is made.
May import: cryptography inside functions (it costs a start of every command), `chain`, `verifier`.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import replace
from datetime import datetime

from connector import verifier
from connector.core.chain import Head
from connector.verifier import Checkpoint

SEED_BYTES = 32


def new_seed() -> bytes:
    """Return a new private key."""
    return secrets.token_bytes(SEED_BYTES)


def public_of(seed: bytes) -> bytes:
    """Return the public key that belongs to a private one."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def sign(seed: bytes, message: bytes) -> bytes:
    """Return the signature of a message."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether this is the key's signature of the message: as `verifier.is_signed`, a hundred times as fast."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def written(seed: bytes, store: str, head: Head, at: datetime) -> str:
    """Return the checkpoint of a head as the text that is kept: a signed note."""
    moment = at.isoformat(timespec="seconds").replace("+00:00", "Z")
    checkpoint = Checkpoint(head.agency, store, head.seq, head.hash, moment)
    mark = verifier.key_id(head.agency, public_of(seed)) + sign(seed, checkpoint.text.encode())
    checkpoint = replace(checkpoint, key_id=mark[:4], signature=mark[4:])
    return f"{checkpoint.text}\n— kntc/{head.agency} {base64.b64encode(mark).decode()}\n"


def name_of(head: Head) -> str:
    """Return the file name of a checkpoint: names sort as the log grows, and two forks have two."""
    return f"{head.seq:012d}-{head.hash[:16]}{verifier.SUFFIX}"


def first_key(agency: str, seed: bytes) -> dict[str, str]:
    """Return the facts of the entry that names an agency's first key."""
    public = public_of(seed).hex()
    return {"public": public, "by_new": sign(seed, verifier.key_statement(agency, "", public)).hex()}


def next_key(agency: str, old: bytes, new: bytes) -> dict[str, str]:
    """Return the facts of the entry by which one key hands over to the next, signed by both."""
    before, after = public_of(old).hex(), public_of(new).hex()
    statement = verifier.key_statement(agency, before, after)
    return {"public": after, "old": before, "by_old": sign(old, statement).hex(), "by_new": sign(new, statement).hex()}
