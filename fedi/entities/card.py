"""PreviewCard: what a link in a status leads to; TrendLink: the same with a week of history."""

from datetime import datetime

from msgspec import Struct, structs

from fedi.entities import dates
from fedi.entities.account import Account
from fedi.entities.tag import History

TYPES = frozenset({"link", "photo", "video", "rich"})


class Author(Struct, frozen=True):
    name: str
    url: str
    account: Account | None


class PreviewCard(Struct, frozen=True):
    """The only entity whose URLs may be the empty string."""

    url: str
    title: str
    description: str
    language: str | None
    type: str
    author_name: str
    author_url: str
    provider_name: str
    provider_url: str
    html: str
    width: int
    height: int
    image: str | None
    image_description: str
    embed_url: str
    blurhash: str | None
    published_at: str | None
    missing_attribution: bool
    authors: list[Author]


class TrendLink(PreviewCard, frozen=True):
    history: list[History]


class Parts(Struct, frozen=True):
    url: str
    title: str
    description: str = ""
    language: str | None = None
    type: str = "link"
    author_name: str = ""
    author_url: str = ""
    provider_name: str = ""
    provider_url: str = ""
    html: str = ""
    width: int = 0
    height: int = 0
    image: str | None = None
    image_description: str = ""
    embed_url: str = ""
    blurhash: str | None = None
    published_at: datetime | None = None


def build(parts: Parts) -> PreviewCard:
    named = parts.author_name or parts.author_url
    return PreviewCard(
        url=parts.url,
        title=parts.title,
        description=parts.description,
        language=parts.language,
        type=parts.type if parts.type in TYPES else "link",
        author_name=parts.author_name,
        author_url=parts.author_url,
        provider_name=parts.provider_name,
        provider_url=parts.provider_url,
        html=parts.html,
        width=parts.width,
        height=parts.height,
        image=parts.image,
        image_description=parts.image_description,
        embed_url=parts.embed_url,
        blurhash=parts.blurhash,
        published_at=dates.optional(parts.published_at),
        missing_attribution=False,
        authors=[Author(parts.author_name, parts.author_url, None)] if named else [],
    )


class Credit(Struct, frozen=True):
    """Whom a page names as its author, and whether they say so too."""

    account_id: int
    vouches: bool


def credited(card: PreviewCard, credit: Credit, account: Account | None, viewer_id: int | None) -> PreviewCard:
    """With the author's account, if it vouches for the page. An author that does not is told so, alone."""
    if not credit.vouches:
        return structs.replace(card, missing_attribution=credit.account_id == viewer_id)
    if account is None or account.suspended is True:
        return card
    name, url = card.author_name or account.display_name or account.username, card.author_url or account.url
    return structs.replace(card, authors=[Author(name, url, account)])


def trend(card: PreviewCard, history: list[History]) -> TrendLink:
    return TrendLink(**{name: getattr(card, name) for name in card.__struct_fields__}, history=history)
