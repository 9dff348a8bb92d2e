"""Pictures in the text of a post: WordPress, Friendica, Lemmy and others write them there, clients show them below."""

import re
from collections.abc import Collection

from federation import sanitize
from federation.vocab import attachment, normalise
from federation.vocab.attachment import Attachment

# Smaller ones are there to be counted, not to be seen.
MIN_PIXELS = 8
# So many elements around a picture go with it: the link to a larger one, a figure, a paragraph.
MAX_AROUND = 3

_IMG = re.compile(r"<img\b([^<>]{0,4096})>", re.IGNORECASE)
_EMPTIED = re.compile(r"<(a|figure|p)\b[^<>]{0,4096}>\s{0,50}</\1>", re.IGNORECASE)


def take(html: str, attached: Collection[str], *, most: int) -> tuple[str, tuple[Attachment, ...]]:
    """The text without its pictures, and up to `most` of these. Emojis, and what is attached already, stay in it."""
    found: dict[str, Attachment] = {}

    def taken(match: re.Match[str]) -> str:
        given = sanitize.attributes(match[1])
        url = normalise.address(given.get("src", ""))
        if sanitize.is_emoji(given) or url is None:
            return match[0]
        if any(_is_tiny(given.get(name, "")) for name in ("width", "height")):
            return ""
        if url in attached or (url not in found and len(found) >= most):
            return match[0]
        words = (given.get("alt") or given.get("title") or "").strip()
        found.setdefault(
            url,
            Attachment(
                kind="image",
                url=url,
                media_type=attachment.guess(url),
                description=words[: attachment.MAX_DESCRIPTION_CHARACTERS],
            ),
        )
        return ""

    html = _IMG.sub(taken, html[: sanitize.MAX_CHARACTERS])
    for _ in range(MAX_AROUND if found else 0):
        html = _EMPTIED.sub("", html)
    return html, tuple(found.values())


def _is_tiny(pixels: str) -> bool:
    return pixels.isdecimal() and pixels.isascii() and len(pixels) < 6 and int(pixels) < MIN_PIXELS
