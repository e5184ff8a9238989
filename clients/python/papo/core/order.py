"""The order of deadlines. Python orders strings by code points, as Rust does."""

from collections.abc import Iterable


def earliest(values: Iterable[int | None]) -> int | None:
    """The smallest value. None if all values are None."""
    return min((value for value in values if value is not None), default=None)
