"""Which characters make a word. Python's `\\w` leaves out combining marks, which many scripts cannot do without."""

import unicodedata
from functools import lru_cache


@lru_cache(maxsize=4096)
def is_letter(char: str) -> bool:
    """A letter, or a mark that belongs to one."""
    return unicodedata.category(char)[0] in "LM"


@lru_cache(maxsize=4096)
def is_word(char: str) -> bool:
    """A letter, mark, decimal digit or connector such as the underscore."""
    category = unicodedata.category(char)
    return category[0] in "LM" or category in ("Nd", "Pc")


def word_end(text: str, start: int, *, also: str = "") -> int:
    """The end of the longest run of word characters (and those in `also`) from `start`."""
    end = start
    while end < len(text) and (is_word(text[end]) or text[end] in also):
        end += 1
    return end


def follows_word(text: str, start: int, *, also: str = "") -> bool:
    """Whether the character before `start` is part of a word or one of `also`."""
    return start > 0 and (is_word(text[start - 1]) or text[start - 1] in also)
