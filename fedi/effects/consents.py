"""Where an author elsewhere wants to agree first: they are asked, and when they have agreed everybody else is told."""

from federation import asking, liking, objects
from fedi.effects import federate, quotes, reactions, relays
from fedi.effects.context import Context
from storage import accounts, activities, approvals, consents, events, favourites, publishing, statuses
from storage import reactions as given
from storage.approvals import Action
from storage.statuses import Status


async def request(ctx: Context, event: events.StatusCreated) -> None:
    """Ask before an answer or a boost leaves. Who may not read an answer is not shown it by being asked."""
    ours = await ctx.sent_status(event.status_id)
    about_id = (ours.reblog_of_id or ours.in_reply_to_id) if ours is not None else None
    if ours is None or about_id is None or await consents.find(ctx.conn, ours.uri) is not None:
        return
    about, account = await statuses.by_id(ctx.conn, about_id), await accounts.by_id(ctx.conn, ours.account_id)
    if about is None or account is None:
        return
    action: Action = "announce" if ours.reblog_of_id is not None else "reply"
    author = await asking.needed(ctx.conn, about, account, action)
    if author is None or not await statuses.visible(ctx.conn, author.id, [ours.id]):
        return
    what = await _document(ctx, ours)
    await asking.ask(
        ctx.conn, ctx.fed.site, action, post=about, account=account, author=author, uri=ours.uri, what=what
    )


async def _document(ctx: Context, ours: Status) -> asking.JSON:
    material = await publishing.load(ctx.conn, [ours])
    if ours.reblog_of_id is not None:
        return objects.announce(ours, material)
    return objects.render_note(ctx.fed.site, ours, material)


async def told(ctx: Context, event: events.ConsentGiven) -> None:
    """An answer or boost leaves now, with the proof; a Like goes out once more, with it."""
    row = await consents.find(ctx.conn, event.interacting_uri)
    if row is None or row.state != "given" or row.approval_uri is None:
        return
    ours = await statuses.by_uri(ctx.conn, event.interacting_uri)
    if ours is not None and ours.is_local:
        await approvals.claim(ctx.conn, ours.id, row.approval_uri)
        created = events.StatusCreated(ours.id)
        for effect in (federate.status, relays.announced, quotes.request):
            await effect(ctx, created)
        return
    await activities.replace(ctx.conn, event.interacting_uri)
    reaction = await given.by_uri(ctx.conn, event.interacting_uri)
    if reaction is not None:
        await reactions.send(ctx.conn, ctx.fed.site, reaction)
        return
    like = await favourites.by_uri(ctx.conn, event.interacting_uri)
    liked = await statuses.by_id(ctx.conn, like.status_id) if like is not None else None
    account = await accounts.by_id(ctx.conn, like.account_id) if like is not None else None
    if like is not None and like.uri is not None and liked is not None and account is not None:
        await liking.favourited(ctx.conn, ctx.fed.site, liked, account, like.uri)
