"""What follows from a reaction: the author hears of it, here or on their own server."""

from msgspec.structs import replace

from federation import liking, objects, outgoing, uris
from federation.context import Site
from federation.vocab import reaction, tag
from fedi.effects import notify
from fedi.effects.context import Context
from storage import accounts, events, favourites, moderation, notifications, reactions, statuses
from storage.db import Conn
from storage.reactions import Reaction


async def told(ctx: Context, event: events.Reacted) -> None:
    status = await statuses.by_id(ctx.conn, event.status_id)
    if status is not None:
        await notify.tell(
            ctx, notify.REACTION, [status.account_id], event.account_id, status=status, about_id=event.reaction_id
        )


async def untold(ctx: Context, event: events.Unreacted) -> None:
    await notifications.withdraw(ctx.conn, notify.REACTION, from_id=event.account_id, about_id=event.reaction_id)


async def published(ctx: Context, event: events.Reacted) -> None:
    given = (await reactions.by_ids(ctx.conn, [event.reaction_id])).get(event.reaction_id)
    if given is not None:
        await send(ctx.conn, ctx.fed.site, given)


async def withdrawn(ctx: Context, event: events.Unreacted) -> None:
    """To servers for which there is one like a person, the Undo takes back whatever else was liked: what still holds of
    it is said again."""
    gone = Reaction(
        id=event.reaction_id,
        status_id=event.status_id,
        account_id=event.account_id,
        name=event.name,
        domain=event.domain,
        key="",
        type=event.type,
        uri=event.uri,
    )
    await send(ctx.conn, ctx.fed.site, gone, undo=True)
    if event.type == reaction.LIKE:
        await _repeat(ctx, event.status_id, event.account_id)


async def still_given(ctx: Context, event: events.Unfavourited) -> None:
    """The same after a favourite was taken back."""
    await _repeat(ctx, event.status_id, event.account_id)


async def _repeat(ctx: Context, status_id: int, account_id: int) -> None:
    account = await accounts.by_id(ctx.conn, account_id)
    status = await statuses.by_id(ctx.conn, status_id)
    author = await accounts.by_id(ctx.conn, status.account_id) if status is not None else None
    if account is None or not account.is_local or status is None or author is None or author.is_local:
        return
    if await moderation.is_buried(ctx.conn, account.id):
        return
    latest = await reactions.latest_like(ctx.conn, account_id=account_id, status_id=status_id)
    if latest is not None:
        uri = uris.reaction(account.uri, outgoing.now())
        await reactions.rename(ctx.conn, latest.id, uri)
        await send(ctx.conn, ctx.fed.site, replace(latest, uri=uri))
        return
    if await favourites.uri_of(ctx.conn, account_id=account_id, status_id=status_id) is None:
        return
    uri = uris.like(account.uri, outgoing.now())
    await favourites.rename(ctx.conn, account_id=account_id, status_id=status_id, uri=uri)
    await liking.favourited(ctx.conn, ctx.fed.site, status, account, uri)


async def send(conn: Conn, site: Site, given: Reaction, *, undo: bool = False) -> None:
    """The activity, or its Undo, of one of ours to the author of a post elsewhere."""
    account = await accounts.by_id(conn, given.account_id)
    status = await statuses.by_id(conn, given.status_id)
    author = await accounts.by_id(conn, status.account_id) if status is not None else None
    if account is None or not account.is_local or given.uri is None or status is None:
        return
    if author is None or author.is_local or await moderation.is_buried(conn, account.id):
        return
    document = reaction.render(
        reaction.Outgoing(
            id=given.uri,
            type=given.type,
            actor=account.uri,
            object=status.uri,
            author=author.uri,
            content=given.name if given.domain is None else f":{given.name}:",
            picture=await _picture(conn, site, given),
        )
    )
    undone = reaction.undo(uris.undo(given.uri), document) if undo else None
    await liking.tell(conn, site, document, undone, status=status, account=account)


async def _picture(conn: Conn, site: Site, given: Reaction) -> tag.Emoji | None:
    row = None if given.domain is None else await reactions.picture(conn, given.name, given.domain)
    if row is None:
        return None
    url = objects.media_url(site, row.file) if row.file else row.remote_url
    if url is None:
        return None
    uri = row.uri if row.domain else uris.emoji(site.base_url, row.id)
    media_type = "image/png" if row.file and row.file.endswith(".png") else None
    return tag.Emoji(shortcode=row.shortcode, url=url, media_type=media_type, id=uri)
