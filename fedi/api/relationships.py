"""What people do to people. Every answer is the relationship as it is afterwards."""

from typing import Any

import msgspec

from fedi import entities, errors
from fedi.entities.account import Account, MutedAccount, muted
from fedi.entities.relationship import Relationship
from fedi.http.endpoint import Call, NoParams, delete, get, post, user
from fedi.http.paging import PageParams, link, page
from fedi.services import follows as service
from fedi.text import mentions
from storage import blocks, domain_blocks, follows, ids, mutes

MAX_LIST, LIST = 80, 40
MAX_DOMAINS, DOMAINS = 200, 100


class FollowParams(msgspec.Struct, frozen=True):
    """What is not given stays as it is, or takes the default."""

    reblogs: bool | None = None
    notify: bool | None = None
    languages: list[str] | None = None


class MuteParams(msgspec.Struct, frozen=True):
    notifications: bool = True
    duration: int = 0


class NoteParams(msgspec.Struct, frozen=True):
    comment: str = ""


class DomainParams(msgspec.Struct, frozen=True):
    domain: str


class IdParams(msgspec.Struct, frozen=True):
    id: list[str] = []


async def index(call: Call[IdParams]) -> list[Relationship]:
    """Any number of ids; those of nobody are left out."""
    async with call.read() as conn:
        return await entities.relationships(conn, call.user.account_id, ids.parse_all(call.params.id))


async def _answer(call: Call[Any], account_id: int) -> Relationship:
    # Any: whatever its parameters were.
    async with call.read() as conn:
        found = await entities.relationships(conn, call.user.account_id, [account_id])
    if not found:
        raise errors.NotFound
    return found[0]


# ------------------------------------------------------------ follows


async def follow(call: Call[FollowParams]) -> Relationship:
    params = call.params
    languages = None if params.languages is None else [each for each in params.languages if each]
    options = follows.Options(params.reblogs, params.notify, languages)
    await service.follow(call.app, call.user, call.id(), options)
    return await _answer(call, call.id())


async def unfollow(call: Call[NoParams]) -> Relationship:
    await service.unfollow(call.app, call.user, call.id())
    return await _answer(call, call.id())


async def remove_from_followers(call: Call[NoParams]) -> Relationship:
    await service.remove_follower(call.app, call.user, call.id())
    return await _answer(call, call.id())


async def requests(call: Call[PageParams]) -> list[Account]:
    wanted = page(call.params, default=LIST, most=MAX_LIST)
    async with call.read() as conn:
        rows = await follows.request_ids(conn, call.user.account_id, wanted)
        link(call, [cursor for cursor, _ in rows], full=len(rows) == wanted.size)
        return await entities.accounts(call.app, conn, [account_id for _, account_id in rows], call.viewer_id)


async def authorize(call: Call[NoParams]) -> Relationship:
    await service.authorize(call.app, call.user, call.id("account_id"))
    return await _answer(call, call.id("account_id"))


async def refuse(call: Call[NoParams]) -> Relationship:
    await service.refuse(call.app, call.user, call.id("account_id"))
    return await _answer(call, call.id("account_id"))


# ------------------------------------------------------------ blocks and mutes


async def block(call: Call[NoParams]) -> Relationship:
    await service.block(call.app, call.user, call.id())
    return await _answer(call, call.id())


async def unblock(call: Call[NoParams]) -> Relationship:
    await service.unblock(call.app, call.user, call.id())
    return await _answer(call, call.id())


async def blocked(call: Call[PageParams]) -> list[Account]:
    wanted = page(call.params, default=LIST, most=MAX_LIST)
    async with call.read() as conn:
        rows = await blocks.target_ids(conn, call.user.account_id, wanted)
        link(call, [cursor for cursor, _ in rows], full=len(rows) == wanted.size)
        return await entities.accounts(call.app, conn, [account_id for _, account_id in rows], call.viewer_id)


async def mute(call: Call[MuteParams]) -> Relationship:
    params = call.params
    await service.mute(call.app, call.user, call.id(), notifications=params.notifications, seconds=params.duration)
    return await _answer(call, call.id())


async def unmute(call: Call[NoParams]) -> Relationship:
    await service.unmute(call.app, call.user, call.id())
    return await _answer(call, call.id())


async def muted_accounts(call: Call[PageParams]) -> list[MutedAccount]:
    wanted = page(call.params, default=LIST, most=MAX_LIST)
    async with call.read() as conn:
        rows = await mutes.targets(conn, call.user.account_id, wanted)
        link(call, [row.id for row in rows], full=len(rows) == wanted.size)
        accounts = await entities.accounts(call.app, conn, [row.target_id for row in rows], call.viewer_id)
    expires = {str(row.target_id): row.expires_at for row in rows}
    return [muted(account, expires[account.id]) for account in accounts]


async def write_note(call: Call[NoteParams]) -> Relationship:
    await service.write_note(call.app, call.user, call.id(), call.params.comment)
    return await _answer(call, call.id())


# ------------------------------------------------------------ domains


async def blocked_domains(call: Call[PageParams]) -> list[str]:
    wanted = page(call.params, default=DOMAINS, most=MAX_DOMAINS)
    async with call.read() as conn:
        rows = await domain_blocks.domains(conn, call.user.account_id, wanted)
    link(call, [cursor for cursor, _ in rows], full=len(rows) == wanted.size)
    return [domain for _, domain in rows]


async def preview_domain_block(call: Call[DomainParams]) -> domain_blocks.Preview:
    """What would be lost."""
    domain = call.params.domain.strip()
    async with call.read() as conn:
        return await domain_blocks.preview(
            conn, call.user.account_id, mentions.normalise_domain(domain) or domain.lower()
        )


async def block_domain(call: Call[DomainParams]) -> None:
    domain = mentions.normalise_domain(call.params.domain.strip())
    if domain is None or call.app.fed.site.is_own(domain):
        raise errors.Invalid("Domain is not a valid domain name")
    async with call.app.db.transaction() as conn:
        await domain_blocks.add(conn, call.user.account_id, domain)


async def unblock_domain(call: Call[DomainParams]) -> None:
    domain = call.params.domain.strip()
    async with call.app.db.transaction() as conn:
        await domain_blocks.remove(conn, call.user.account_id, mentions.normalise_domain(domain) or domain)


ROUTES = [
    get("/api/v1/accounts/relationships", index, access=user("read:follows"), params=IdParams),
    post("/api/v1/accounts/:id/follow", follow, access=user("write:follows"), params=FollowParams, limit="follows"),
    post("/api/v1/accounts/:id/unfollow", unfollow, access=user("write:follows")),
    post("/api/v1/accounts/:id/remove_from_followers", remove_from_followers, access=user("write:follows")),
    post("/api/v1/accounts/:id/block", block, access=user("write:blocks")),
    post("/api/v1/accounts/:id/unblock", unblock, access=user("write:blocks")),
    post("/api/v1/accounts/:id/mute", mute, access=user("write:mutes"), params=MuteParams),
    post("/api/v1/accounts/:id/unmute", unmute, access=user("write:mutes")),
    post("/api/v1/accounts/:id/note", write_note, access=user("write:accounts"), params=NoteParams),
    get("/api/v1/follow_requests", requests, access=user("read:follows"), params=PageParams),
    post("/api/v1/follow_requests/:account_id/authorize", authorize, access=user("write:follows")),
    post("/api/v1/follow_requests/:account_id/reject", refuse, access=user("write:follows")),
    get("/api/v1/blocks", blocked, access=user("read:blocks"), params=PageParams),
    get("/api/v1/mutes", muted_accounts, access=user("read:mutes"), params=PageParams),
    get("/api/v1/domain_blocks", blocked_domains, access=user("read:blocks"), params=PageParams),
    get("/api/v1/domain_blocks/preview", preview_domain_block, access=user("write:blocks"), params=DomainParams),
    post("/api/v1/domain_blocks", block_domain, access=user("write:blocks"), params=DomainParams),
    delete("/api/v1/domain_blocks", unblock_domain, access=user("write:blocks"), params=DomainParams),
]
