"""A sealed text opens for the auditor alone, and only under the name of the record that it was sealed for."""

from __future__ import annotations

import pytest

from connector.core import sealing
from connector.core.model import Kind, RecordKey

KEY = RecordKey("H51.01", Kind.PETITION, "bentre:1")
PRIVATE, PUBLIC = sealing.new_pair()
TEXT = "Nội dung đơn".encode()


def sealed_and_key():
    private, _ = sealing.private_key(PRIVATE)
    return sealing.seal(sealing.public_key(PUBLIC), TEXT, KEY, 2, "c" * 64), private


def test_what_is_sealed_opens_with_the_private_key_and_with_no_other():
    sealed, private = sealed_and_key()
    other, _ = sealing.private_key(sealing.new_pair()[0])
    assert sealing.opened(private, sealed, KEY, 2, "c" * 64) == TEXT
    assert sealing.opened(other, sealed, KEY, 2, "c" * 64) is None
    assert TEXT not in sealed


@pytest.mark.parametrize(
    ("key", "version", "commitment"),
    [
        (RecordKey("H51.01", Kind.PETITION, "bentre:2"), 2, "c" * 64),
        (RecordKey("H51.01", Kind.DECISION, "bentre:1"), 2, "c" * 64),
        (RecordKey("H51.02", Kind.PETITION, "bentre:1"), 2, "c" * 64),
        (KEY, 1, "c" * 64),
        (KEY, 2, "d" * 64),
    ],
)
def test_under_another_name_it_does_not_open(key, version, commitment):
    sealed, private = sealed_and_key()
    assert sealing.opened(private, sealed, key, version, commitment) is None


def test_changed_or_cut_off_it_does_not_open():
    sealed, private = sealed_and_key()
    for changed in (sealed[:-1], sealed[:-1] + bytes([sealed[-1] ^ 1]), b"\0" + sealed[1:], b"", sealed[:16]):
        assert sealing.opened(private, changed, KEY, 2, "c" * 64) is None


def test_no_two_sealings_of_one_text_are_alike():
    assert sealed_and_key()[0] != sealed_and_key()[0]


def test_only_an_x25519_public_key_is_taken_for_one():
    with pytest.raises(ValueError, match="no public key"):
        sealing.public_key(PRIVATE)
    with pytest.raises(ValueError, match="no private key"):
        sealing.private_key(PUBLIC)
    assert sealing.is_private(PRIVATE)
    assert not sealing.is_private(PUBLIC)
    with pytest.raises(ValueError, match="no public key"):
        sealing.public_key(b"x")
    assert sealing.public_key(PUBLIC).id == sealing.private_key(PRIVATE)[1]


def test_another_kind_of_key_is_refused():
    from cryptography.hazmat.primitives import serialization as form  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    signing = Ed25519PrivateKey.generate().public_key()
    pem = signing.public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(ValueError, match="not X25519"):
        sealing.public_key(pem)
