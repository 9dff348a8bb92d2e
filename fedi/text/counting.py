"""How long a text is: what a reader sees as one character counts once, and an address always the same."""

import unicodedata

from fedi.text.spans import URL, Mention, spans

CHARACTERS_PER_URL = 23
_JOINER = "\u200d"
_CONTROLS = frozenset(("Cc", "Zl", "Zp"))


def characters(text: str, spoiler_text: str = "") -> int:
    """Of the text and its warning together; a remote mention counts without its domain."""
    return graphemes(spoiler_text) + graphemes(_shortened(text))


def _shortened(text: str) -> str:
    pieces: list[str] = []
    position = 0
    for span in spans(text):
        pieces.append(text[position : span.start])
        match span:
            case URL():
                pieces.append("x" * CHARACTERS_PER_URL)
            case Mention():
                pieces.append("@" + span.username)
            case _:
                pieces.append(text[span.start : span.end])
        position = span.end
    return "".join((*pieces, text[position:]))


def graphemes(text: str) -> int:
    """Extended grapheme clusters (Unicode annex 29), as far as the standard library's data goes."""
    if text.isascii():
        return len(text) - text.count("\r\n")
    count = 0
    flags = 0  # consecutive regional indicators: two make one flag
    picture = False  # the cluster is a picture, so that a joiner may add another one
    previous = ""
    for char in text:
        flags = flags + 1 if _is_indicator(char) else 0
        if not previous or not _continues(previous, char, flags=flags, picture=picture):
            count += 1
            picture = _is_picture(char)
        previous = char
    return count


def _continues(previous: str, char: str, *, flags: int, picture: bool) -> bool:
    """Whether `char` belongs to the cluster that `previous` ends."""
    if previous == "\r" and char == "\n":
        return True
    if unicodedata.category(previous) in _CONTROLS or unicodedata.category(char) in _CONTROLS:
        return False
    if _extends(char):
        return True
    if previous == _JOINER and picture and _is_picture(char):
        return True
    return (flags > 0 and flags % 2 == 0) or _is_hangul_join(previous, char)


def _extends(char: str) -> bool:
    """Marks, joiners, variation selectors, skin tones, tag characters."""
    if char.isascii():
        return False
    return (
        char in (_JOINER, "\u200c")
        or unicodedata.category(char) in ("Mn", "Me", "Mc")
        or "\U0001f3fb" <= char <= "\U0001f3ff"
        or "\U000e0020" <= char <= "\U000e007f"
    )


def _is_indicator(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _is_picture(char: str) -> bool:
    """Near enough to Extended_Pictographic, which the standard library does not know."""
    return char in "©®‼⁉" or (char >= "\u2122" and unicodedata.category(char) in ("So", "Sm", "Cn", "Po", "Ps"))


def _is_hangul_join(previous: str, char: str) -> bool:
    before, after = _hangul(previous), _hangul(char)
    match before:
        case "L":
            return after in ("L", "V", "LV", "LVT")
        case "V" | "LV":
            return after in ("V", "T")
        case "T" | "LVT":
            return after == "T"
    return False


def _hangul(char: str) -> str:
    code = ord(char)
    if 0xAC00 <= code <= 0xD7A3:
        return "LV" if (code - 0xAC00) % 28 == 0 else "LVT"
    if 0x1100 <= code <= 0x115F or 0xA960 <= code <= 0xA97C:
        return "L"
    if 0x1160 <= code <= 0x11A7 or 0xD7B0 <= code <= 0xD7C6:
        return "V"
    if 0x11A8 <= code <= 0x11FF or 0xD7CB <= code <= 0xD7FB:
        return "T"
    return ""
