"""Mentions: `@user` and `@here` in a text, as in common/src/mentions.rs."""

import re
import unicodedata

from .limits import MENTIONS_IN_TEXT_MAX
from .names import WITHIN, canonical_name

_EMOJI_MARK = re.compile("[\ufe00-\ufe0f\u20dd-\u20e4]")
# Letters in circles and squares: alphabetic, but in the category of symbols.
_ENCLOSED = re.compile(
    "[\u24b6-\u24e9\U0001f130-\U0001f149\U0001f150-\U0001f169\U0001f170-\U0001f189]"
)
# A name has at most 32 characters, each with at most 4 code points after decomposition.
_NAME_MAX = 400


def _is_letter(character: str) -> bool:
    if character.isascii():
        return character.isalnum()
    if unicodedata.category(character)[0] in "LNM":
        return not _EMOJI_MARK.match(character)
    return _ENCLOSED.match(character) is not None


def _parse_name(text: str) -> str | None:
    """The name after an `@`, without the punctuation at its end."""
    length = 0
    for end, character in enumerate(text, 1):
        if _is_letter(character):
            length = end
        elif character not in WITHIN:
            break
    return canonical_name(text[:length])


def mentions(text: str) -> list[str]:
    """The names of the first mentions of a text.

    The name `here` mentions all users of the conversation. An `@` after a letter or digit is
    part of a mail address.
    """
    found: list[str] = []
    at = text.find("@")
    while at >= 0 and len(found) < MENTIONS_IN_TEXT_MAX:
        if at == 0 or not _is_letter(text[at - 1]):
            name = _parse_name(text[at + 1 : at + _NAME_MAX])
            if name is not None:
                found.append(name)
        at = text.find("@", at + 1)
    return found
