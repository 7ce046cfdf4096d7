"""Which of the known forms of the interface is played: paths, sign-in, headers, envelope, codes, spelling.

May import: the standard library.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

ACCUSED_KEYS = ("NguoiBiKNTCT", "NguoiBiKNTC")


class NoSuchVariant(ValueError):
    """There is no such form of the interface; `setting` names what is wrong."""

    def __init__(self, setting: str) -> None:
        super().__init__(setting)
        self.setting = setting


_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_TAKEN = ("v1", "oauth2", "_sandbox")


class SignIn(StrEnum):
    """What `Authorization` must hold."""

    BASIC = "basic"  # user and password of the account, as 2018 to 2020
    TOKEN = "token"  # noqa: S105 - a bearer from `token_path`, as the provincial bus of 2023
    OAUTH2 = "oauth2"  # a bearer from /oauth2/token, by client credentials
    STATIC = "static"  # the account's password as a bearer that never changes


@dataclass(frozen=True, slots=True)
class Variant:
    """One form of the interface. The default is that of 2018 to 2020.

    token_header: the name of a header that must carry a token of `token_path` besides `Authorization`; "" for none.
    required_headers: names with the value that each must have; "" means any value but none.
    answer_layers: 2 for a JSON string that contains JSON, 1 for plain JSON.
    request_envelope, answer_envelope: whether `{"data": [...]}` is put around.
    code_field: the name of a success code beside `data` or `Id`; "" for none. A refusal carries `refusal_code`, or
    the code of a success where that is None: the bus did its work, the service behind it refused."""

    base_path: str = "/kntc"
    token_path: str = "/auth/generateToken"  # noqa: S105 - a path
    sign_in: SignIn = SignIn.BASIC
    token_header: str = ""
    required_headers: Mapping[str, str] = field(default_factory=dict)
    answer_layers: int = 2
    accused_key: str = ACCUSED_KEYS[0]
    request_envelope: bool = False
    answer_envelope: bool = False
    code_field: str = ""
    success_code: int | str = 0
    refusal_code: int | str | None = None

    def __post_init__(self) -> None:
        for setting, path in (("base_path", self.base_path), ("token_path", self.token_path)):
            if not _PATH.fullmatch(path) or path.split("/")[1] in _TAKEN:
                raise NoSuchVariant(setting)
        if self.accused_key not in ACCUSED_KEYS:
            raise NoSuchVariant("accused_key")
        if self.answer_layers not in (1, 2):
            raise NoSuchVariant("answer_layers")

    @classmethod
    def read(cls, settings: Mapping[str, object]) -> Self:
        """Return the variant that a table of a settings file describes, or raise NoSuchVariant."""
        given = dict(settings)
        for name, value in given.items():
            expected = _TYPES.get(name, ())
            if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
                raise NoSuchVariant(name)
        headers = given.get("required_headers", {})
        if not (isinstance(headers, dict) and all(isinstance(value, str) for value in headers.values())):
            raise NoSuchVariant("required_headers")
        if (sign_in := given.get("sign_in", SignIn.BASIC)) not in list(SignIn):
            raise NoSuchVariant("sign_in")
        return cls(**{**given, "sign_in": SignIn(str(sign_in))})  # type: ignore[arg-type]  # each is of its type


_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "base_path": str,
    "token_path": str,
    "sign_in": str,
    "token_header": str,
    "required_headers": dict,
    "answer_layers": int,
    "accused_key": str,
    "request_envelope": bool,
    "answer_envelope": bool,
    "code_field": str,
    "success_code": (int, str),
    "refusal_code": (int, str),
}
