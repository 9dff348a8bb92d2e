"""Web addresses in text: from the scheme to the last character that belongs to them."""

import re

from fedi.text.characters import is_word

SCHEMES = ("http", "https", "dat", "dweb", "gemini", "gopher", "ipfs", "ipns", "ssb")
MAX_LENGTH = 4096
_START = re.compile(rf"(?:{'|'.join(SCHEMES)})://", re.IGNORECASE)
_AUTHORITY = re.compile(r"([^\s/?#@:<>\"'()\[\]{}|\\^`,;!*&$=+]+)(?::[0-9]{1,5})?(?=[/?#]|\W|$)")
_STOP = frozenset('<>"`|\\^{}「」『』【】（）《》。、，！？')
_TRAILING = "?!*'.,:;$%@[~"


def at(text: str, start: int) -> tuple[str, int] | None:
    """The address that starts at `start` as (url, end), or None. Brackets must close within it."""
    scheme = _START.match(text, start)
    if not scheme or (start > 0 and _is_glued(text[start - 1])):
        return None
    authority = _AUTHORITY.match(text, scheme.end())
    if not authority or not _is_host(authority[1].rstrip(".")):
        return None
    end = _trimmed(text, authority.end() - _dots(authority), _path_end(text, authority.end()))
    return (text[start:end], end) if end - start <= MAX_LENGTH else None


def _is_glued(before: str) -> bool:
    """Latin words are set apart from an address by a space; many scripts do without."""
    return before in "@＠$#＃" or (before.isascii() and before.isalnum())


def _is_host(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    labels = host.split(".")
    return len(labels) > 1 and all(label and all(is_word(c) or c == "-" for c in label) for label in labels)


def _dots(authority: re.Match[str]) -> int:
    """Dots at the end are the sentence's, not the host's."""
    return len(authority[0]) - len(authority[0].rstrip("."))


def _path_end(text: str, start: int) -> int:
    """Where an address can no longer go on: space, quotes, a bracket that was not opened in it."""
    if start >= len(text) or text[start] not in "/?#":
        return start
    opened: list[int] = []
    end = start
    while end < len(text):
        char = text[end]
        if char.isspace() or char in _STOP or ord(char) < 32:
            break
        if char == "(":
            opened.append(end)
        elif char == ")":
            if not opened:
                break
            opened.pop()
        end += 1
    return opened[0] if opened else end


def _trimmed(text: str, least: int, end: int) -> int:
    """Without the punctuation of the sentence around it."""
    while end > least and (text[end - 1] in _TRAILING or (text[end - 1] == "]" and "[" not in text[least:end])):
        end -= 1
    return max(end, least)
