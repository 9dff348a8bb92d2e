"""What follows from quotes: the quoted are told and asked, and everybody sees when the consent to a quote changes."""

from federation import outbound, outgoing
from federation.objects import render_note
from federation.quoting import is_ours
from federation.vocab import consent, quote
from federation.vocab.audience import PUBLIC
from fedi.effects import distribute, notify
from fedi.effects.context import Context
from storage import accounts, audiences, events, notifications, publishing, quotes, statuses
from storage.visibility import PRIVATE


async def request(ctx: Context, event: events.StatusCreated) -> None:
    """Ask the author of a remote post for a stamp."""
    ours = await ctx.told_status(event.status_id)
    row = await quotes.by_status(ctx.conn, event.status_id) if ours is not None else None
    if row is None or ours is None or row.request_uri is None or row.state != "pending":
        return
    people = await accounts.by_ids(ctx.conn, [row.account_id, row.quoted_account_id or 0])
    me, author = people.get(row.account_id), people.get(row.quoted_account_id or 0)
    if me is None or me.suspended_at is not None or author is None:
        return
    asked = consent.Request(
        id=row.request_uri, type=quote.REQUEST, actor=me.uri, object=row.quoted_uri or "", instrument=ours.uri
    )
    note = render_note(ctx.fed.site, ours, await publishing.load(ctx.conn, [ours]))
    document = consent.request(asked, to=author.uri, instrument=note)
    await outgoing.to_one(ctx.conn, ctx.fed.site, document, sender=me, recipient=author)


async def shown(ctx: Context, event: events.StatusTouched) -> None:
    """To everybody who may have it on their screen."""
    await distribute.changed(ctx, event.status_id)


async def published(ctx: Context, event: events.StatusTouched) -> None:
    """A new copy for whoever has one: its stamp, or who may quote it."""
    ours = await outbound.local_status(ctx.conn, event.status_id)
    if ours is not None and ours.reblog_of_id is None:
        await outbound.status_updated(ctx.conn, ctx.fed.site, ours)
    elif ours is not None:
        await outbound.status_created(ctx.conn, ctx.fed.site, ours, again=True)  # with the consent to the boost


async def told(ctx: Context, event: events.QuoteAccepted) -> None:
    """The quoted one."""
    row = await quotes.by_status(ctx.conn, event.status_id)
    status = await statuses.by_id(ctx.conn, event.status_id)
    if status is None or status.held_until is not None:
        return
    if row is not None and row.quoted_account_id is not None and not event.quiet:
        await notify.tell(ctx, "quote", [row.quoted_account_id], row.account_id, status=status)


async def told_of_edit(ctx: Context, event: events.StatusEdited) -> None:
    """Whoever quoted it: their own post means something else now, perhaps."""
    edited = await statuses.by_id(ctx.conn, event.status_id)
    if edited is None or edited.edited_at is None:
        return
    quoters = await quotes.local_quoters(ctx.conn, edited.id)
    if quoters:
        added = await notifications.add_quoted_updates(ctx.conn, quoters, from_id=edited.account_id)
        await notify.announce(ctx, added)


async def untold(ctx: Context, event: events.QuoteRevoked) -> None:
    await notifications.withdraw(ctx.conn, "quote", from_id=event.account_id, status_id=event.status_id)


async def revocation(ctx: Context, event: events.QuoteRevoked) -> None:
    """The stamp of one of ours is deleted, where it may be known."""
    quoted = await outbound.local_status(ctx.conn, event.quoted_id)
    quoting = await statuses.by_id(ctx.conn, event.status_id)
    if quoted is None or quoting is None or quoting.held_until is not None or event.approval_uri is None:
        return
    author = await accounts.by_id(ctx.conn, quoted.account_id)
    if author is None or not is_ours(event.approval_uri, author.uri):
        return
    stamp = consent.Stamp(
        id=event.approval_uri,
        type=quote.AUTHORIZATION,
        author=author.uri,
        interacting=quoting.uri,
        target=quoted.uri,
    )
    quoter = await accounts.by_id(ctx.conn, quoting.account_id)
    inboxes = {
        *await audiences.of_accounts(ctx.conn, [quoting.account_id]),
        *(await audiences.of_status(ctx.conn, quoting.id, with_interested=True) if quoting.is_local else ()),
    }
    # It names the post that quotes: of one that not everybody may read, only its readers hear.
    public = quoting.visibility < PRIVATE
    if public:
        inboxes |= set(await audiences.of_followers(ctx.conn, author.id))
    document = consent.revoke(stamp, to=PUBLIC if public or quoter is None else quoter.uri)
    await outgoing.send(ctx.conn, ctx.fed.site, document, sender_id=author.id, inboxes=inboxes, object_uri=None)
