"""Hashtags that people show on their profiles: ours as objects, and the collections of others, read now and then."""

from typing import Any

from federation import origins, uris
from federation.context import Fed
from federation.errors import Gone, Rejected, Retry
from federation.vocab import collection, normalise, tag
from federation.vocab.normalise import JSON
from federation.vocab.types import Ref
from storage import accounts, featured_tags, tags

MAX_READ = 20


def hashtag(base: str, name: str) -> JSON:
    return {"type": "Hashtag", "href": uris.tag_page(base, name), "name": f"#{name}"}


def names(refs: tuple[Ref, ...]) -> list[str]:
    """The names of the hashtags among the items of a collection, or of an activity."""
    found = [tag.hashtag_name(normalise.text(ref.doc.get("name"), tag.MAX_NAME_CHARACTERS)) for ref in refs if ref.doc]
    return list(dict.fromkeys(name for name in found if name))


async def read(fed: Fed, payload: dict[str, Any]) -> None:
    """Job: make the hashtags of a remote account those that its collection lists."""
    async with fed.db.read() as conn:
        account = await accounts.by_id(conn, payload["account_id"])
    if account is None or account.is_local or account.featured_tags_uri is None:
        return
    try:
        found = await _listed(fed, account.featured_tags_uri)
    except (Rejected, Gone, Retry):
        return  # what we have stays
    async with fed.db.transaction() as conn:
        ensured = await tags.ensure(conn, found) if found else []
        await featured_tags.replace(conn, account.id, [each.id for each in ensured])


async def _listed(fed: Fed, uri: str) -> list[str]:
    """Of the collection, and of its first page if that is where they are."""
    page = collection.parse((await origins.document(fed, uri, again=True)).body)
    if not page.items and page.first is not None:
        first = page.first
        if first.doc is None:
            if not normalise.same_host(first.id, uri):
                raise Rejected("its pages are on another host")
            page = collection.parse((await origins.document(fed, first.id or "", again=True)).body)
        else:
            page = collection.parse(first.doc)
    return names(page.items)[:MAX_READ]
