"""Names of users, channels and conversations.

The server checks the complete rules (RFC 8265). This file checks the characters, and brings a
name into its canonical form: composed, lower case, without full-width letters.
"""

import re
import unicodedata

from .limits import NAME_CHARACTERS_MAX

_PLAIN = re.compile(r"[a-z0-9][a-z0-9._-]*")
_FULL_WIDTH = re.compile("[\uff01-\uffee]")
# Characters within a name that are neither letters nor digits.
WITHIN = frozenset("._-\u00b7\u0375\u05f3\u05f4\u06fd\u06fe\u0f0b\u200c\u200d\u30fb")
# The property White_Space of Unicode. `str.isspace` accepts more characters.
WHITE_SPACE = "\t\n\v\f\r \u0085\u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B)))
WHITE_SPACE += "\u2028\u2029\u202f\u205f\u3000"


def utf8_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def is_control(text: str) -> bool:
    """Whether the text has a control character."""
    return any(unicodedata.category(character) == "Cc" for character in text)


def canonical_name(name: str) -> str | None:
    """The canonical form of a name without `#` or `@`. None if it is invalid."""
    if len(name) > NAME_CHARACTERS_MAX * 4:
        return None
    if not _PLAIN.fullmatch(name):
        lowered = unicodedata.normalize("NFC", name).lower()
        narrow = _FULL_WIDTH.sub(lambda letter: unicodedata.normalize("NFKC", letter[0]), lowered)
        name = unicodedata.normalize("NFC", narrow)
        if name == "" or unicodedata.category(name[0])[0] not in "LN":
            return None
        if any(unicodedata.category(c)[0] not in "LNM" and c not in WITHIN for c in name):
            return None
    return name if len(name) <= NAME_CHARACTERS_MAX else None


def canonical_channel(name: str) -> str | None:
    bare = canonical_name(name[1:]) if name.startswith("#") else None
    return None if bare is None else f"#{bare}"


def canonical_target(target: str) -> str | None:
    """The canonical form of `#channel`, `@user` or `*`. None if it is invalid."""
    if target == "*":
        return target
    if target.startswith("@"):
        name = canonical_name(target[1:])
        return None if name is None else f"@{name}"
    return canonical_channel(target)


def is_channel(conversation: str) -> bool:
    return not conversation.startswith("@")


def conversation_of(reader: str, sender: str, to: str) -> str:
    """The conversation of an event, as the user `reader` names it."""
    if is_channel(to) or sender == reader:
        return to
    return f"@{sender}" if to == f"@{reader}" else min(f"@{sender}", to)
