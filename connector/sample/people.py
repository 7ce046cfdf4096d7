"""Generated people, plainly synthetic: no name, number or address here can belong to anybody.

Every full name carries the syllable "Mẫu" (sample) before the given name; id numbers begin with 999, which no
province has; phone numbers begin with 0000, which no network has. May import: the standard library.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

_FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương", "Lý")
_MIDDLE = {1: ("Văn", "Hữu", "Đức"), 2: ("Thị", "Ngọc", "Thu")}
_GIVEN = (
    "Xuân", "Hạ", "Thu", "Đông", "Mai", "Lan", "Cúc", "Trúc", "Sơn", "Hà", "Giang", "Hải", "Bình", "An",
    "Minh", "Quang", "Tâm", "Thành", "Tín", "Nghĩa",
)  # fmt: skip
_COMMUNES = (("81101", "8110101"), ("81101", "8110102"), ("81102", "8110201"), ("81102", "8110202"))
_OFFICES = ("Chuyên viên", "Trưởng phòng", "Phó Trưởng ban")
_POSITIONS = ("Chủ tịch UBND xã", "Phó Chủ tịch UBND xã", "Công chức địa chính", "Trưởng ấp")


@dataclass(frozen=True, slots=True)
class Person:
    """One invented person as the agency's forms ask for one. `gender` 1 male, 2 female; `issued_on` as typed."""

    full_name: str
    gender: int
    id_number: str
    issued_on: str | None
    district: str
    commune: str
    address: str
    phone: str | None


def person(rng: Random, number: int) -> Person:
    """Return a person whose id number is unique per `number`.

    Some clerks type names in capitals, some type dates as dd/mm/yyyy."""
    gender = rng.choice((1, 2))
    name = f"{rng.choice(_FAMILY)} {rng.choice(_MIDDLE[gender])} Mẫu {rng.choice(_GIVEN)}"
    district, commune = rng.choice(_COMMUNES)
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(2015, 2022)
    issued_on = rng.choice((f"{year}-{month:02}-{day:02}", f"{day:02}/{month:02}/{year}", "", None))
    return Person(
        full_name=rng.choice((name, name, name.upper())),
        gender=gender,
        id_number=f"999{number:09}",
        issued_on=issued_on,
        district=district,
        commune=commune,
        address=f"Số {rng.randint(1, 400)}, Ấp {rng.randint(1, 9)}",
        phone=rng.choice((f"0000{number % 1_000_000:06}", None)),
    )


def officer(rng: Random) -> str:
    """Return an official as the product stores one: "name - position" in a single text."""
    return f"{rng.choice(_FAMILY)} Mẫu {rng.choice(_GIVEN)} - {rng.choice(_OFFICES)}"


def respondent(rng: Random) -> tuple[str, str]:
    """Return an invented person complained of and a local position."""
    return f"{rng.choice(_FAMILY)} Mẫu {rng.choice(_GIVEN)}", rng.choice(_POSITIONS)
