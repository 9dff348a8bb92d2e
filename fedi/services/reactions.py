"""What people think of posts in one picture. Reacting twice is reacting once; who reacts to a boost reacts to the
boosted post.
"""

from federation import uris
from federation.vocab import normalise, reaction
from fedi import access, errors
from fedi.context import App
from fedi.http.endpoint import User
from fedi.services import interactions
from storage import accounts, hosts, reactions, statuses
from storage.db import Conn

# Different ones of one person under one post. Announced in `configuration.reactions` of the instance.
MAX_REACTIONS = 8
# Software that reads an EmojiReact rather than a Like with an emoji in it.
LITEPUB = frozenset(("akkoma", "bonfire", "friendica", "mitra", "pleroma", "takahe", "tootik", "wafrn"))


async def react(app: App, user: User, status_id: int, name: str) -> int:
    """`name`: an emoji, a shortcode of ours, or shortcode@domain of one that is known here. The id of the post."""
    async with app.db.transaction() as conn:
        status = await interactions.applaudable(conn, user, status_id)
        await interactions.permitted(conn, user.account_id, status, "like")
        account = await accounts.by_id(conn, user.account_id)
        if account is None:
            raise errors.NotFound
        shortcode, domain = await _meant(app, conn, name)
        reaction_id = await statuses.new_id(conn)
        new = reactions.New(
            id=reaction_id,
            status_id=status.id,
            account_id=account.id,
            name=shortcode,
            domain=domain,
            key=reaction.key(shortcode, domain),
            type=await _type(conn, status),
            uri=uris.reaction(account.uri, reaction_id),
        )
        await reactions.add(conn, new, most=MAX_REACTIONS)
    return status.id


async def unreact(app: App, user: User, status_id: int, name: str) -> int:
    """Taking back what was not given changes nothing."""
    async with app.db.transaction() as conn:
        status = await access.proper_status(conn, user.account_id, status_id)
        await reactions.remove(conn, account_id=user.account_id, status_id=status.id, key=key(app, name))
    return status.id


def key(app: App, name: str) -> str:
    """What the rows of a reaction have in common."""
    return reaction.key(*_parts(app, name))


def _parts(app: App, name: str) -> tuple[str, str | None]:
    """An emoji and None, or the shortcode and whose it is."""
    if reaction.is_emoji(name):
        return name, None
    shortcode, _, domain = name.strip(":").partition("@")
    return shortcode, "" if domain.lower() == app.fed.site.domain.lower() else domain.lower()


async def _meant(app: App, conn: Conn, name: str) -> tuple[str, str | None]:
    shortcode, domain = _parts(app, name)
    if domain is None or await reactions.picture(conn, shortcode, domain) is not None:
        return shortcode, domain
    raise errors.Invalid("Name is not a recognized emoji")


async def _type(conn: Conn, status: statuses.Status) -> reactions.Type:
    """The activity that the author's server understands best."""
    author = await accounts.by_id(conn, status.account_id)
    host = None if author is None or author.is_local else await hosts.find(conn, normalise.host(author.uri) or "")
    return "EmojiReact" if host is not None and host.software in LITEPUB else "Like"
