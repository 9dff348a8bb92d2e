"""Custom emoji on pages: `:shortcode:` becomes its picture in names and in HTML, never in attributes or in code."""

from collections.abc import Sequence

from markupsafe import Markup, escape
from selectolax.lexbor import LexborHTMLParser, LexborNode

from fedi.entities.emoji import CustomEmoji
from fedi.text import emoji

_VERBATIM = ("code", "pre")


def in_text(text: str, known: Sequence[CustomEmoji]) -> Markup:
    """Plain text as HTML with pictures."""
    if not known or ":" not in text:
        return escape(text)
    pictures = {each.shortcode: each for each in known}
    made = Markup("")
    for place, piece in enumerate(emoji.pieces(text)):
        if place % 2 == 0:
            made += piece
        elif piece in pictures:
            made += Markup('<img class="emoji" src="{0}" alt="{1}" title="{1}" loading="lazy">').format(
                pictures[piece].static_url, f":{piece}:"
            )
        else:
            made += f":{piece}:"
    return made


def in_html(html: str, known: Sequence[CustomEmoji]) -> Markup:
    """HTML that has been sanitized, with pictures. What comes out is what the parser writes, so still well-formed."""
    if not known or ":" not in html:
        return Markup(html)  # noqa: S704 - sanitized where it was stored
    pictures = {each.shortcode: each for each in known}
    tree = LexborHTMLParser(html, is_fragment=True)
    # The list first: the tree changes under the walk.
    for node in list(tree.root.traverse(include_text=True)) if tree.root is not None else []:
        if node.is_text_node and ":" in (node.text_content or "") and not _verbatim(node):
            _replace(tree, node, pictures)
    return Markup(tree.html or "")  # noqa: S704 - as above; pictures are made as nodes, not as text


def _verbatim(node: LexborNode) -> bool:
    above = node.parent
    while above is not None:
        if above.tag in _VERBATIM:
            return True
        above = above.parent
    return False


def _replace(tree: LexborHTMLParser, node: LexborNode, pictures: dict[str, CustomEmoji]) -> None:
    found = emoji.pieces(node.text_content or "")
    if not any(code in pictures for code in found[1::2]):
        return
    for place, piece in enumerate(found):
        if place % 2 == 0:
            if piece:
                node.insert_before(piece)
        elif piece in pictures:
            picture = tree.create_node("img")
            shown = f":{piece}:"
            attributes = {"class": "emoji", "src": pictures[piece].static_url, "alt": shown, "title": shown}
            for name, value in attributes.items():
                picture.attrs[name] = value
            node.insert_before(picture)
        else:
            node.insert_before(f":{piece}:")
    node.remove()
