"""Like and EmojiReact: somebody elsewhere favours a post, or puts an emoji under it."""

from federation import interacting, policy
from federation.errors import Rejected
from federation.inbox.box import Box
from federation.vocab import reaction
from federation.vocab.reaction import Reaction
from storage import emojis, favourites, reactions, statuses
from storage.db import Conn
from storage.errors import Conflict

# Different ones of one person under one post. Nobody means more.
MAX_PER_PERSON = 20


async def liked(box: Box) -> None:
    """A Like with an emoji is a reaction, any other a favourite: of a post that the sender may read. How many favour a
    post of another server is for that one to say."""
    await _receive(box, reaction.parse(box.activity))


async def reacted(box: Box) -> None:
    """Without an emoji it says nothing."""
    given = reaction.parse(box.activity)
    if given is not None:
        await _receive(box, given)


async def _receive(box: Box, given: Reaction | None) -> None:
    await interacting.admit_activity(box.fed, box.activity, box.actor, "like", box.object_id)
    async with box.fed.db.transaction() as conn:
        post = await statuses.by_uri(conn, box.object_id)
        if post is None:
            return
        if await box.undone(conn):
            return
        if not await statuses.visible(conn, box.actor.id, [post.id]):
            raise Rejected("the post is not theirs to see")
        if given is None and post.is_local:
            await favourites.add(conn, account_id=box.actor.id, status_id=post.id, uri=box.activity.id)
        elif given is not None:
            await _add(conn, box, post.id, given)


async def _add(conn: Conn, box: Box, status_id: int, given: Reaction) -> None:
    domain = await named(conn, box, given)
    if domain and given.picture is not None and domain == box.actor.domain.lower():
        verdict = await policy.verdict(conn, box.fed.site, domain)
        if not verdict.reject_media:
            picture = given.picture
            await emojis.learn(conn, domain, [emojis.Remote(given.name, picture.url, picture.id)])
    new = reactions.New(
        status_id=status_id,
        account_id=box.actor.id,
        name=given.name,
        domain=domain,
        key=reaction.key(given.name, domain),
        type="EmojiReact" if box.activity.type == reaction.REACT else "Like",
        uri=box.activity.id,
    )
    try:
        await reactions.add(conn, new, most=MAX_PER_PERSON)
    except Conflict as exc:
        raise Rejected(str(exc)) from exc


async def named(conn: Conn, box: Box, given: Reaction) -> str | None:
    """Whose emoji is meant: '' for one of ours, else that of a server that is known to have it, else the sender's; None
    for one of Unicode. What a third server's emoji looks like is not for the sender to say."""
    if not given.custom:
        return None
    site = box.fed.site
    whose = given.domain or ""
    if whose in (site.domain.lower(), site.host) or (given.picture and _is_ours(box, given.picture.id)):
        whose = ""
        if await reactions.picture(conn, given.name, "") is not None:
            return ""
    elif whose and await reactions.picture(conn, given.name, whose) is not None:
        return whose
    return box.actor.domain.lower()


def _is_ours(box: Box, uri: str | None) -> bool:
    """People elsewhere react with emojis of ours, too."""
    return uri is not None and uri.startswith(f"{box.fed.site.base_url}/emojis/")
