"""Our own accounts as actors: what a GET of the actor answers and what Update carries."""

from typing import Any

from federation import uris
from federation.context import Site
from federation.objects import emojis, media_url
from federation.signatures import keys
from federation.vocab import actor, attachment
from federation.vocab.audience import PUBLIC as EVERYBODY
from storage import accounts, feature_policies, publishing
from storage import keys as key_rows
from storage.accounts import Account
from storage.db import Conn
from storage.keys import Key
from storage.quote_policies import FOLLOWERS, PUBLIC

JSON = dict[str, Any]  # Any: ActivityStreams


async def person(conn: Conn, site: Site, account: Account) -> JSON:
    """The actor document of a local account, the instance actor included."""
    rsa, ed25519 = await _keys(conn, account)
    known = await publishing.local_emojis(conn, account.emojis)
    moved_to = await accounts.by_id(conn, account.moved_to_id) if account.moved_to_id else None
    return actor.render(
        actor.Outgoing(
            id=account.uri,
            type=account.type,
            username=account.username,
            webfinger=account.handle,
            inbox=account.inbox,
            shared_inbox=account.shared_inbox,
            outbox=account.outbox or uris.outbox(account.uri),
            followers=account.followers_uri,
            following=account.following_uri,
            featured=account.featured_uri,
            featured_tags=account.featured_tags_uri,
            featured_collections=account.collections_uri,
            show_media=account.show_media,
            show_media_replies=account.show_media_replies,
            show_featured=account.show_featured,
            featured_by=_featured_by(account),
            url=account.url,
            name=account.display_name or account.username,
            summary=account.note,
            icon=_image(site, account.avatar_file, account.avatar_description),
            image=_image(site, account.header_file, account.header_description),
            fields=tuple(actor.Field(field.name, field.value) for field in accounts.fields_of(account)),
            emojis=emojis(site, account.emojis, known),
            locked=account.locked,
            discoverable=bool(account.discoverable),
            indexable=account.indexable,
            memorial=account.memorial,
            suspended=account.suspended_at is not None,
            moved_to=moved_to.uri if moved_to else None,
            aliases=tuple(account.also_known_as),
            attribution_domains=tuple(account.attribution_domains),
            published=account.created_at,
            key_id=rsa.uri,
            public_key_pem=rsa.public_pem,
            multikey_id=ed25519.uri if ed25519 else None,
            multikey=keys.multikey(keys.load_public(ed25519.public_pem)) if ed25519 else None,
        )
    )


async def _keys(conn: Conn, account: Account) -> tuple[Key, Key | None]:
    """The RSA key, and the other one if there is one."""
    rsa = ed25519 = None
    for row in await key_rows.of_account(conn, account.id):
        if row.kind == "rsa":
            rsa = row
        else:
            ed25519 = row
    if rsa is None:
        raise LookupError(f"account {account.id} has no key")
    return rsa, ed25519


def _featured_by(account: Account) -> str | None:
    """Whom a person here allows to put them into collections; themselves alone means nobody. None for the server."""
    if account.collections_uri is None:
        return None
    automatic = feature_policies.of(account).automatic or 0
    if automatic & PUBLIC:
        return EVERYBODY
    return (account.followers_uri if automatic & FOLLOWERS else None) or account.uri


_SUFFIXES = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif"}


def _image(site: Site, file: str | None, description: str) -> attachment.Image | None:
    if file is None:
        return None
    return attachment.Image(media_url(site, file), _SUFFIXES.get(file.rpartition(".")[2]), description)
