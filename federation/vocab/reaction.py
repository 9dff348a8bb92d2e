"""Reactions: an emoji as the content of a Like (Misskey's way) or of an EmojiReact (litepub, FEP-c0e0)."""

import re
import unicodedata

from msgspec import Struct

from federation.vocab import activity, tag
from federation.vocab.activity import Activity
from federation.vocab.context import wrap
from federation.vocab.normalise import JSON
from federation.vocab.tag import Emoji

LIKE, REACT = "Like", "EmojiReact"
MAX_EMOJI_CHARACTERS = 32

_CUSTOM = re.compile(r":?(?P<name>[\w.+-]{1,200})(?:@(?P<domain>[\w.:-]{1,255}))?:?")
_VARIATION, _JOINER, _KEYCAP = "\ufe0f", "\u200d", "\u20e3"
# What Misskey called its reactions before it had any but these.
_OLD_NAMES = {
    "like": "👍", "love": "❤️", "laugh": "😆", "hmm": "🤔", "surprise": "😮", "congrats": "🎉", "angry": "💢",
    "confused": "😥", "rip": "😇", "pudding": "🍮", "star": "⭐",
}  # fmt: skip
# Pictures that Unicode counts among letters, punctuation or mathematical signs.
_OTHER_PICTURES = frozenset("\u203c\u2049\u2139\u2194\u25fb\u25fc\u25fd\u25fe\u3030\u303d")


class Reaction(Struct, frozen=True):
    """`name` is an emoji, or with `custom` a shortcode; `domain` is given when it says whose. `picture` is the tag that
    came along."""

    name: str
    custom: bool = False
    domain: str | None = None
    picture: Emoji | None = None


class Outgoing(Struct, frozen=True, kw_only=True):
    """A reaction of ours to send. All but `type`, `content` and `picture` are ids."""

    id: str
    type: str
    actor: str
    object: str
    author: str
    content: str
    picture: Emoji | None = None


def parse(envelope: Activity) -> Reaction | None:
    """None when the activity carries no emoji: then a Like is a favourite, and an EmojiReact nothing."""
    content = activity.reaction(envelope.raw)
    content = _OLD_NAMES.get(content, content)
    if is_emoji(content):
        return Reaction(content)
    named = _CUSTOM.fullmatch(content)
    pictures = {emoji.shortcode: emoji for emoji in tag.parse(envelope.raw.get("tag")).emojis}
    if named is None:
        return None
    name, domain = named["name"], named["domain"]
    picture = pictures.get(name) or pictures.get(f"{name}@{domain}")
    if picture is None and not (content.startswith(":") and content.endswith(":") and len(content) > 2):
        return None
    # Misskey calls its own host a dot.
    return Reaction(name, custom=True, domain=None if domain in (None, ".") else domain.lower(), picture=picture)


def is_emoji(text: str) -> bool:
    """One picture of Unicode, which may be made of several characters: flags, keycaps, what joiners tie."""
    if not 0 < len(text) <= MAX_EMOJI_CHARACTERS:
        return False
    if text[-1] == _KEYCAP:
        return text[0] in "0123456789#*" and text[1:-1] in ("", _VARIATION)
    if all(_is_indicator(char) for char in text):
        return len(text) == 2
    return all(_is_element(element) for element in text.split(_JOINER))


def key(name: str, domain: str | None) -> str:
    """What makes two the same. An emoji may be written with or without the wish to be a picture."""
    return name.replace(_VARIATION, "") if domain is None else f":{name}@{domain}:"


def render(out: Outgoing) -> JSON:
    """As a Like it is a favourite to whoever knows no reactions."""
    document: JSON = {"id": out.id, "type": out.type, "actor": out.actor, "object": out.object}
    document |= {"to": [out.author], "cc": [], "content": out.content}
    if out.type == LIKE:
        document["_misskey_reaction"] = out.content
    document["tag"] = [tag.render_emoji(out.picture)] if out.picture else []
    return wrap(document)


def undo(uri: str, given: JSON) -> JSON:
    """With the emoji in what is undone: of several only that one goes."""
    inner = {
        name: given[name] for name in ("id", "type", "actor", "object", "content", "_misskey_reaction") if name in given
    }
    document: JSON = {"id": uri, "type": "Undo", "actor": given["actor"], "to": given["to"], "cc": given["cc"]}
    return wrap({**document, "object": inner})


def _is_element(text: str) -> bool:
    """A picture, with a colour of skin, with tags (flags of regions), or with the wish to be shown as one."""
    if not text or not _is_picture(text[0]):
        # Signs of mathematics only if they are meant as a picture.
        return len(text) == 2 and unicodedata.category(text[0]) == "Sm" and text[1] == _VARIATION
    return all(_modifies(char) for char in text[1:])


def _is_picture(char: str) -> bool:
    """What is newer than Python's tables has its place in planes that are for pictures alone."""
    kind = unicodedata.category(char)
    return kind == "So" or char in _OTHER_PICTURES or (kind == "Cn" and "\U0001f000" <= char <= "\U0001faff")


def _modifies(char: str) -> bool:
    return char == _VARIATION or "\U0001f3fb" <= char <= "\U0001f3ff" or "\U000e0020" <= char <= "\U000e007f"


def _is_indicator(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"
