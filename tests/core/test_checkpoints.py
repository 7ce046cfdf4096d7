"""Checkpoints hold what they say: signed, read back, typed back, and judged alike with and without a library."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import verifier
from connector.core import checkpoints
from connector.core.chain import Head
from connector.verifier import Fault, Ground

AGENCY, STORE = "H51.01", "0123456789abcdef"
AT = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
SEED, OTHER = bytes(range(32)), bytes(range(1, 33))
HASH = "5a" * 32

RFC_8032 = [  # section 7.1, tests 1 to 3: key, message, signature
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
            "655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee"
            "b00d291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28d"
            "c027beceea1ec40a"
        ),
    ),
]


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_a_signature_is_verified_as_the_standard_says(key, message, signature):
    parts = [bytes.fromhex(part) for part in (key, message, signature)]
    assert verifier.is_signed(*parts)
    assert not verifier.is_signed(parts[0], parts[1] + b"x", parts[2])


def test_the_verifier_without_a_library_agrees_with_the_library_on_signatures_good_and_bent():
    seed = 20_261_126
    print(seed)  # noqa: T201 - shown when a test fails
    chance = random.Random(seed)
    for _ in range(40):
        private, message = chance.randbytes(32), chance.randbytes(chance.randrange(80))
        public, signature = checkpoints.public_of(private), checkpoints.sign(private, message)
        assert verifier.is_signed(public, message, signature)
        bent = bytearray(public + signature)
        bent[chance.randrange(96)] ^= 1 << chance.randrange(8)
        args = bytes(bent[:32]), message, bytes(bent[32:])
        assert verifier.is_signed(*args) is checkpoints.is_signed(*args) is False


@pytest.mark.parametrize(
    "public", [b"", bytes(31), b"\xff" * 32, (2**255 - 19).to_bytes(32, "little"), b"\x02" + bytes(31)]
)
def test_what_is_no_key_has_signed_nothing(public):
    assert not verifier.is_signed(public, b"x", bytes(64))


def signed(seq: int, hash_: str = HASH, seed: bytes = SEED, store: str = STORE, at: datetime = AT) -> str:
    return checkpoints.written(seed, store, Head(AGENCY, seq, hash_), at)


def test_a_checkpoint_is_a_small_text_that_says_all_and_is_read_back():
    text = signed(48_213)
    assert text.splitlines()[:4] == [f"kntc/{AGENCY}/{STORE}", "48213", HASH, "2026-11-26T09:30:00Z"]
    assert len(text) < 300
    found = verifier.read_checkpoint(text)
    assert found is not None
    assert verifier.is_signed(checkpoints.public_of(SEED), found.text.encode(), found.signature)


@pytest.mark.parametrize(
    ("old", "new"),
    [("=\n", ""), ("=\n", "=\n\n"), ("48213", "048213"), ("09:30", "99:30"), ("— kntc/H51.01", "— kntc/H51.02"),
     ("\n\n", "\n"), ("kntc/", "KNTC/")],
)  # fmt: skip
def test_what_is_not_whole_is_no_checkpoint(old, new):
    text = signed(48_213)
    assert verifier.read_checkpoint(text.replace(old, new)) is None
    assert verifier.read_checkpoint("") is None


def faults_of(*texts: str, **ground: object) -> list[str]:
    found = [(f"{at}", verifier.read_checkpoint(text)) for at, text in enumerate(texts)]
    keys = [checkpoints.public_of(SEED)]
    based = Ground(AGENCY, STORE, keys, 100, {7: HASH, 50: HASH}, **ground)  # type: ignore[arg-type]
    good, faults = verifier.judge([(name, one) for name, one in found if one], based)
    assert good + len(faults) == len(texts)
    return [fault.rule for fault in faults]


def test_each_way_in_which_a_checkpoint_can_contradict_a_log_has_its_name():
    late = datetime(2026, 11, 27, tzinfo=UTC)
    assert faults_of(signed(7), signed(50)) == []
    assert faults_of(signed(50, "5b" * 32)) == ["E-CHECKPOINT-HASH"]
    assert faults_of(signed(101)) == ["E-CHECKPOINT-AHEAD"]
    assert faults_of(signed(101, at=late), made_at="2026-11-26T10:00:00Z") == ["E-CHECKPOINT-LATER"]
    assert faults_of(signed(50), signed(50, "5b" * 32)) == ["E-CHECKPOINT-FORK"]
    assert faults_of(signed(50, seed=OTHER)) == ["E-CHECKPOINT-SIGNATURE"]
    assert faults_of(signed(50).replace("\n50\n", "\n7\n")) == ["E-CHECKPOINT-SIGNATURE"]
    assert faults_of(signed(50, store="ff")) == ["E-CHECKPOINT-OTHER"]
    assert faults_of(signed(60, "5b" * 32), lost=[(55, 70, "2026-11-26T09:30:01Z")]) == []
    assert faults_of(signed(60, "5b" * 32, at=late), lost=[(55, 70, "2026-11-26T09:30:01Z")]) == ["E-CHECKPOINT-HASH"]


def test_a_key_is_trusted_by_what_trusted_keys_have_signed_and_not_otherwise():
    third = bytes(reversed(range(32)))
    publics = [checkpoints.public_of(seed) for seed in (SEED, OTHER, third)]
    made = (1, verifier.KEY_MADE, checkpoints.first_key(AGENCY, SEED))
    rotated = (9, verifier.KEY_ROTATED, checkpoints.next_key(AGENCY, SEED, OTHER))
    assert verifier.trusted_keys(AGENCY, [made], []) == (publics[:1], [])
    assert verifier.trusted_keys(AGENCY, [made, rotated], []) == (publics[:2], [])
    keys, faults = verifier.trusted_keys(AGENCY, [made, rotated], publics[1:2])
    assert (set(keys), faults) == (set(publics[:2]), [])
    bent = (9, verifier.KEY_ROTATED, {**rotated[2], "by_old": checkpoints.next_key(AGENCY, third, OTHER)["by_old"]})
    assert verifier.trusted_keys(AGENCY, [made, bent], []) == (publics[:1], [Fault("E-AUDIT-KEY", 9)])
    second = (9, verifier.KEY_MADE, checkpoints.first_key(AGENCY, third))
    assert verifier.trusted_keys(AGENCY, [made, second], []) == (publics[:1], [Fault("E-AUDIT-KEY", 9)])
    assert verifier.trusted_keys(AGENCY, [made], publics[2:]) == (publics[2:], [Fault("E-AUDIT-KEY")])
    assert verifier.trusted_keys(AGENCY, [(3, verifier.KEY_MADE, {"public": 7})], [])[1] == [Fault("E-AUDIT-KEY", 3)]


@given(seq=st.integers(1, 2**40 - 1), hash_=st.binary(min_size=32, max_size=32))
def test_what_is_written_on_paper_is_typed_back_in_any_case_and_with_any_blanks(seq, hash_):
    code = verifier.paper_code(seq, hash_.hex())
    typed = code.lower().replace("-", "  ").replace("0", "o").replace("1", "l")
    assert verifier.read_paper(typed) == (seq, hash_.hex()[: verifier.PAPER_HASH])


@given(seq=st.integers(1, 2**40 - 1), data=st.data())
def test_a_slip_of_the_pen_is_told_by_its_group(seq, data):
    groups = verifier.paper_code(seq, HASH).split("-")
    at, place = data.draw(st.integers(0, 7)), data.draw(st.integers(0, 3))
    other = data.draw(st.sampled_from([d for d in "0123456789ABCDEFGHJKMNPQRSTVWXYZ" if d != groups[at][place]]))
    bent = [*groups]
    bent[at] = bent[at][:place] + other + bent[at][place + 1 :]
    assert verifier.read_paper("".join(bent)) == at + 1
    turned = groups[at][:place] + groups[at][place : place + 2][::-1] + groups[at][place + 2 :]
    if turned != groups[at]:
        assert verifier.read_paper("".join([*groups[:at], turned, *groups[at + 1 :]])) == at + 1
    assert verifier.read_paper("".join(groups[:-1])) == 0
