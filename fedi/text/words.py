"""Words of any script as search looks at them: folded, so that case and accents do not matter, each with its place.

Scripts that put no spaces between words are cut into overlapping pairs of characters: a run of text is found by any two
or more characters in it, as a phrase of pairs. Pure; what is indexed and what is asked goes through the same functions.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache

MAX_WORD_CHARS = 100
# Of one post. What stands further down is found by nobody.
MAX_CHARS = 50_000
# Between the parts of a post (text, options, descriptions), so that no phrase spans two.
GAP = 10

_LETTERS = str.maketrans("ðđħıĸłŋøŧſ", "ddhiklnots")
# What is written over letters where it only helps pronunciation; vowel signs of Indic scripts are letters of their own.
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]")
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_UNSPACED = re.compile(f"[{UNSPACED}]")
_PICTURES = "\u2600-\u27bf\U0001f300-\U0001faff"
_ASCII = re.compile("[a-z0-9]+")


def fold(text: str) -> str:
    """One spelling for all that look or sound alike: `Zoë` and `ＺＯＥ` are `zoe`."""
    if text.isascii():
        return text.lower()
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold()))
    return unicodedata.normalize("NFC", plain).translate(_LETTERS)


@cache
def marks() -> str:
    """Signs that belong to the letter before them, as ranges for a class of a regular expression."""
    ranges: list[list[int]] = []
    for code in range(0x300, 0x1F000):
        if unicodedata.category(chr(code)) in ("Mn", "Mc"):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)


def is_spaced(char: str) -> bool:
    """Whether the script of this character puts spaces between words."""
    return _UNSPACED.match(char) is None


@cache
def _pattern() -> re.Pattern[str]:
    letter = f"(?![{UNSPACED}])(?:[^\\W_]|[{marks()}])"
    return re.compile(f"(?P<run>[{UNSPACED}]+)|(?P<picture>[{_PICTURES}])|(?:{letter})+")


def split(text: str) -> list[tuple[str, ...]]:
    """What stands at each place: a word. Of an unspaced run each pair, and with the last its last character."""
    folded = fold(text)
    if folded.isascii():
        return [(word[:MAX_WORD_CHARS],) for word in _ASCII.findall(folded)]
    found: list[tuple[str, ...]] = []
    for match in _pattern().finditer(folded):
        word = match[0]
        if match["run"] is None or len(word) == 1:
            found.append((word[:MAX_WORD_CHARS],))
        else:
            pairs = [word[index : index + 2] for index in range(len(word) - 1)]
            found += [(pair,) for pair in pairs[:-1]]
            found.append((pairs[-1], word[-1]))
    return found


def places(parts: Iterable[str]) -> dict[str, list[int]]:
    """Where each word stands in the parts of a post, counted from 1."""
    found: dict[str, list[int]] = {}
    place, room = 0, MAX_CHARS
    for part in parts:
        cut = part[:room]
        room -= len(cut)
        for standing in split(cut):
            place += 1
            for word in standing:
                found.setdefault(word, []).append(place)
        place += GAP
    return found


@lru_cache(maxsize=500)
def phrase(text: str) -> tuple[str, ...]:
    """The words to ask for, one beside the other, for a text that is to be found as it stands. One that ends in `*` may
    be longer."""
    folded = fold(text)
    if folded.isascii():
        return tuple(word[:MAX_WORD_CHARS] for word in _ASCII.findall(folded))
    found: list[str] = []
    for match in _pattern().finditer(folded):
        word = match[0]
        if match["run"] is None or len(word) == 2:
            found.append(word[:MAX_WORD_CHARS])
        elif len(word) == 1:
            found.append(word + "*")
        else:
            found += [word[index : index + 2] for index in range(len(word) - 1)]
    return tuple(found)
