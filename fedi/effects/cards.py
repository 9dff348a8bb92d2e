"""Which page a post is about. Looking at the page is a job, some time later: posts reach many servers at once, and the
page must not meet them all in the same second."""

import random
from datetime import UTC, datetime, timedelta

from federation.context import Site
from federation.http import html
from federation.http.addresses import parse_url
from federation.http.errors import BadUrl
from fedi.effects.context import Context
from storage import cards, events, jobs

# The first to post a link wants to see it soon; a post from elsewhere is one of many copies.
LOCAL_SECONDS = (1.0, 4.0)
REMOTE_SECONDS = (5.0, 60.0)


async def of_new(ctx: Context, event: events.StatusCreated) -> None:
    await _look(ctx, event.status_id)


async def of_edited(ctx: Context, event: events.StatusEdited) -> None:
    await _look(ctx, event.status_id)


async def credit(ctx: Context, event: events.AccountUpdated) -> None:
    """The hosts that may name an account as an author may have changed."""
    await cards.vouch(ctx.conn, event.account_id)


async def _look(ctx: Context, status_id: int) -> None:
    material = await cards.material(ctx.conn, status_id)
    if material is None:
        return
    address = None if material.has_media else _subject(material, ctx.fed.site)
    if address is None:
        await cards.detach(ctx.conn, status_id)
        return
    card = await cards.attach(ctx.conn, status_id, address)
    if card.stale:
        delay = random.uniform(*(LOCAL_SECONDS if material.is_local else REMOTE_SECONDS))  # noqa: S311 (no secret)
        await jobs.enqueue(
            ctx.conn,
            cards.JOB,
            {"card_id": card.id},
            key=str(card.id),
            lane=f"https://{parse_url(address).authority}/cards",  # of one host, one after another
            run_at=datetime.now(UTC) + timedelta(seconds=delay),
        )


def _subject(material: cards.Material, site: Site) -> str | None:
    """The first link in the text that leads to a page elsewhere, else one that is attached."""
    shown = set(material.shown)
    found = []
    for node in html.parse(material.content.encode()).css("a[href]"):
        kinds = {*(node.attributes.get("class") or "").split(), *html.rels(node)}
        if not kinds & {"mention", "hashtag", "tag"}:
            found.append(node.attributes.get("href") or "")
    for address in [*found, *material.links]:
        try:
            host = parse_url(address).authority
        except BadUrl:
            continue
        if address not in shown and host != site.host:
            return address
    return None
