"""The HTML of each kind of link. Clients compare these with strings, so their shape is exact."""

from collections import Counter
from collections.abc import Callable, Mapping

from msgspec import Struct

from fedi.text import tags
from fedi.text.mentions import Handle
from fedi.text.spans import URL, Hashtag, Mention, Span, spans

SHOWN_CHARACTERS = 30
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


class Person(Struct, frozen=True):
    """A mentioned account that was found."""

    username: str
    acct: str
    url: str
    """The same string as `url` of the status's mention: clients find the account by it."""


def escape(text: str) -> str:
    return text.translate(_ENTITIES)


class Links:
    """Links for one text: knows which handles exist and which need their domain to be told apart."""

    def __init__(self, mentions: Mapping[Handle, Person], tag_url: Callable[[str], str], *, me: bool = False) -> None:
        self._mentions = mentions
        self._tag_url = tag_url
        self._rel = "nofollow noopener me" if me else "nofollow noopener"
        namesakes = Counter(
            person.username.lower() for person in {each.url: each for each in mentions.values()}.values()
        )
        self._ambiguous = {username for username, count in namesakes.items() if count > 1}

    def link(self, text: str) -> str:
        """Plain text → HTML with links, without block elements."""
        pieces: list[str] = []
        position = 0
        for span in spans(text):
            pieces.append(escape(text[position : span.start]))
            pieces.append(self._span(span, text[span.start : span.end]))
            position = span.end
        pieces.append(escape(text[position:]))
        return "".join(pieces)

    def _span(self, span: Span, typed: str) -> str:
        match span:
            case URL():
                return self.url(span.url)
            case Mention():
                person = self._mentions.get(span.handle)
                return escape(typed) if person is None else self.mention(person)
            case Hashtag():
                return self.hashtag(span.name)
        return escape(typed)

    def url(self, url: str) -> str:
        """Long addresses are cut for the eye and stay whole for the copier."""
        head, shown, rest = _cut(url)
        ellipsis = "ellipsis" if rest else ""
        return (
            f'<a href="{escape(url)}" target="_blank" rel="{self._rel}" translate="no">'
            f'<span class="invisible">{escape(head)}</span><span class="{ellipsis}">{escape(shown)}</span>'
            f'<span class="invisible">{escape(rest)}</span></a>'
        )

    def mention(self, person: Person) -> str:
        name = person.acct if person.username.lower() in self._ambiguous else person.username
        return (
            f'<span class="h-card" translate="no"><a href="{escape(person.url)}" class="u-url mention">'
            f"@<span>{escape(name)}</span></a></span>"
        )

    def hashtag(self, name: str) -> str:
        url = self._tag_url(tags.normalise(name))
        return f'<a href="{escape(url)}" class="mention hashtag" rel="tag">#<span>{escape(name)}</span></a>'

    def named(self, url: str) -> tuple[str, str]:
        """Opening and closing tag around a text of the author's own."""
        return f'<a href="{escape(url)}" target="_blank" rel="{self._rel}" translate="no">', "</a>"


def _cut(url: str) -> tuple[str, str, str]:
    """(hidden scheme, shown, hidden rest); a rest of one character is not worth an ellipsis."""
    head = ""
    lowered = url[:12].lower()
    for scheme in ("https://", "http://"):
        if lowered.startswith(scheme):
            head = url[: len(scheme) + (4 if lowered.startswith("www.", len(scheme)) else 0)]
    shown, rest = url[len(head) :][:SHOWN_CHARACTERS], url[len(head) :][SHOWN_CHARACTERS:]
    return (head, shown + rest, "") if len(rest) <= 1 else (head, shown, rest)
