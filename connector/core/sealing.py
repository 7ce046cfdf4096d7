"""Sealing a text to the auditor's key (HPKE, RFC 9180): whoever sealed it cannot open it again.

X25519, HKDF-SHA256, ChaCha20-Poly1305, one-shot base mode; what is sealed is the encapsulated key (32 bytes) and the
ciphertext. Its record, version and commitment are the `info` of the key schedule: a sealed text under another record's
name does not open. Keys are PEM files, as OpenSSL makes them (`openssl genpkey -algorithm X25519`).
May import: cryptography, chain, model.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke, serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from connector.core.chain import canonical, digest
from connector.core.model import RecordKey

_SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
_FORMAT = "kntc-sealed-1"
_ID_DIGITS = 16


@dataclass(frozen=True, slots=True)
class AuditorKey:
    """The auditor's public key, and the short name under which log and files speak of it."""

    public: X25519PublicKey
    id: str


def new_pair() -> tuple[bytes, bytes]:
    """Return a new private key and its public half, each as PEM."""
    private = X25519PrivateKey.generate()
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private.private_bytes(*form), _pem(private.public_key())


def public_key(pem: bytes) -> AuditorKey:
    """Return the public key of a PEM file. Raises ValueError for anything else, a private key included."""
    try:
        found = serialization.load_pem_public_key(pem)
    except Exception as error:
        raise ValueError("no public key") from error
    if not isinstance(found, X25519PublicKey):
        raise ValueError("not X25519")  # noqa: TRY004  a file's content, not an argument's type
    return _named(found)


def private_key(pem: bytes) -> tuple[X25519PrivateKey, str]:
    """Return the private key of a PEM file and the name of its pair. Raises ValueError for anything else."""
    try:
        found = serialization.load_pem_private_key(pem, password=None)
    except Exception as error:
        raise ValueError("no private key") from error
    if not isinstance(found, X25519PrivateKey):
        raise ValueError("not X25519")  # noqa: TRY004  a file's content, not an argument's type
    return found, _named(found.public_key()).id


def is_private(pem: bytes) -> bool:
    """Return whether a file holds a private key: where a public one belongs, that is worth a word of its own."""
    return b"PRIVATE KEY" in pem


def seal(auditor: AuditorKey, text: bytes, key: RecordKey, version: int, commitment: str) -> bytes:
    """Return the text sealed to this key, bound to its record, version and commitment. No two are alike."""
    return _SUITE.encrypt(text, auditor.public, info=_bound_to(key, version, commitment))


def opened(private: X25519PrivateKey, sealed: bytes, key: RecordKey, version: int, commitment: str) -> bytes | None:
    """Return the text, None if it was not sealed to this key as the text of this version of this record."""
    try:
        return _SUITE.decrypt(sealed, private, info=_bound_to(key, version, commitment))
    except (InvalidTag, ValueError):
        return None


def _bound_to(key: RecordKey, version: int, commitment: str) -> bytes:
    return canonical([_FORMAT, key.agency, str(key.kind), key.local_id, version, commitment])


def _named(public: X25519PublicKey) -> AuditorKey:
    return AuditorKey(public, digest(public.public_bytes_raw())[:_ID_DIGITS])


def _pem(public: X25519PublicKey) -> bytes:
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
