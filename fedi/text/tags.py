"""Hashtags: where one starts and ends, and the name by which two spellings are the same tag."""

from fedi.text.characters import follows_word, is_letter, word_end
from storage.tags import normalise

__all__ = ["MAX_LENGTH", "SIGNS", "at", "normalise", "whole"]

SIGNS = "#＃"
MAX_LENGTH = 255
_SEPARATORS = "·・\u200c"


def at(text: str, start: int) -> tuple[str, int] | None:
    """The tag whose sign stands at `start` as (name, end), or None. A number alone is not a tag."""
    if text[start] not in SIGNS or follows_word(text, start, also="/)=&" + SIGNS):
        return None
    end = word_end(text, start + 1, also=_SEPARATORS)
    name = text[start + 1 : end].rstrip(_SEPARATORS)
    if not name or name[0] in _SEPARATORS or len(name) > MAX_LENGTH or not _says_something(name):
        return None
    return name, start + 1 + len(name)


def whole(text: str) -> str | None:
    """A text that is nothing but a tag, with its sign or without, as typed; None if it is not one."""
    text = text.strip()
    if not text.startswith(tuple(SIGNS)):
        text = SIGNS[0] + text
    found = at(text, 0)
    return found[0] if found and found[1] == len(text) else None


def _says_something(name: str) -> bool:
    """It has a letter, or digits joined as in `2025_26`."""
    if any(is_letter(char) for char in name):
        return True
    return name.strip("_").translate({ord(mark): "_" for mark in _SEPARATORS}).count("_") > 0
