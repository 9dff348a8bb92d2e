"""Hashtags: where one starts and ends, and the name by which two spellings are the same tag."""

import unicodedata

from fedi.text.characters import follows_word, is_letter, word_end

SIGNS = "#＃"
MAX_LENGTH = 255
_SEPARATORS = "·・\u200c"
_FOLDED = str.maketrans("ðđħıĸłŋøŧſ", "ddhiklnots")


def at(text: str, start: int) -> tuple[str, int] | None:
    """The tag whose sign stands at `start` as (name, end), or None. A number alone is not a tag."""
    if text[start] not in SIGNS or follows_word(text, start, also="/)=&" + SIGNS):
        return None
    end = word_end(text, start + 1, also=_SEPARATORS)
    name = text[start + 1 : end].rstrip(_SEPARATORS)
    if not name or name[0] in _SEPARATORS or len(name) > MAX_LENGTH or not _says_something(name):
        return None
    return name, start + 1 + len(name)


def normalise(name: str) -> str:
    """Compatibility forms, case and Latin accents do not matter: `Montréal` is `montreal`."""
    folded = unicodedata.normalize("NFKC", name).lower().translate(_FOLDED)
    return "".join(_base(char) for char in unicodedata.normalize("NFC", folded))


def _base(char: str) -> str:
    if char.isascii():
        return char
    base = unicodedata.normalize("NFD", char)[0]
    return base if base.isascii() and base.isalpha() else char


def _says_something(name: str) -> bool:
    """It has a letter, or digits joined as in `2025_26`."""
    if any(is_letter(char) for char in name):
        return True
    return name.strip("_").translate({ord(mark): "_" for mark in _SEPARATORS}).count("_") > 0
