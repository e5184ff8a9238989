"""Decoders of JSON values.

A decoder returns the value, or raises `Refused` for a value of another type. An absent member
and null are the same.
"""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")
Decoder = Callable[[Any], T]
Json = dict[str, Any]

U64_MAX = (1 << 64) - 1
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class Refused(Exception):
    """A value of another type than expected."""


def refuse(wanted: str) -> NoReturn:
    raise Refused(f"expected {wanted}")


def u64(value: Any) -> int:
    if type(value) is int and 0 <= value <= U64_MAX:
        return value
    refuse("a number")


def string(value: Any) -> str:
    return value if isinstance(value, str) else refuse("a string")


def boolean(value: Any) -> bool:
    return value if isinstance(value, bool) else refuse("true or false")


def anything(value: Any) -> Any:
    return value


def one_of(words: Sequence[str]) -> Decoder[str]:
    def decode(value: Any) -> str:
        return value if isinstance(value, str) and value in words else refuse(", ".join(words))

    return decode


def optional(decoder: Decoder[T]) -> Decoder[T | None]:
    return lambda value: None if value is None else decoder(value)


def array(decoder: Decoder[T]) -> Decoder[list[T]]:
    def decode(value: Any) -> list[T]:
        return [decoder(item) for item in value] if isinstance(value, list) else refuse("a list")

    return decode


def obj(**members: Decoder[Any]) -> Decoder[Json]:
    """An object with these members. Absent members are left out, further members are ignored."""
    decoders = tuple(members.items())

    def decode(value: Any) -> Json:
        if not isinstance(value, dict):
            refuse("an object")
        decoded = {}
        for name, decoder in decoders:
            member = decoder(value.get(name))
            if member is not None:
                decoded[name] = member
        return decoded

    return decode


def checked(wanted: str, check: Callable[[str], str | None]) -> Decoder[str]:
    """A string that `check` brings into its canonical form, or refuses with None."""

    def decode(value: Any) -> str:
        found = check(string(value))
        return refuse(wanted) if found is None else found

    return decode


def attempt(decoder: Decoder[T], value: Any) -> T | None:
    """Decodes a value. None if it is invalid."""
    try:
        return decoder(value)
    except Refused:
        return None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def parse(line: str) -> Any:
    """Decodes a line of JSON. None if it is invalid."""
    try:
        value = json.loads(line, parse_constant=_refuse_constant)
        if _SURROGATE.search(line):
            # Half of a surrogate pair is no character.
            encode(value).encode()
        return value
    except (ValueError, RecursionError):
        return None


def encode(value: Any) -> str:
    """The line of a JSON value, without the line break."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
