"""People as others see them: their profile, posts, followers."""

import msgspec

from federation import backfill
from fedi import access, entities, errors
from fedi.entities.account import Account
from fedi.entities.relationship import FamiliarFollowers
from fedi.entities.status import Status
from fedi.entities.user_list import List, build
from fedi.http.endpoint import Call, NoParams, get, public, user
from fedi.http.paging import PageParams, link, page
from fedi.text import mentions, tags
from storage import account_statuses, accounts, follows, ids, lists

MAX_IDS = 40
MAX_FAMILIAR = 10


class Ids(msgspec.Struct, frozen=True):
    id: list[str] = []


class LookupParams(msgspec.Struct, frozen=True):
    acct: str


class StatusParams(PageParams, frozen=True, kw_only=True):
    pinned: bool = False
    only_media: bool = False
    exclude_replies: bool = False
    exclude_reblogs: bool = False
    exclude_direct: bool = False
    tagged: str | None = None


async def show(call: Call[NoParams]) -> Account:
    async with call.read() as conn:
        account = await access.account(conn, call.viewer_id, call.id())
        return await entities.account(call.app, conn, account.id, call.viewer_id)


async def index(call: Call[Ids]) -> list[Account]:
    """Those of the ids that exist."""
    wanted = ids.parse_all(call.params.id)
    if len(wanted) > MAX_IDS:
        raise errors.Unprocessable(f"Too many accounts (maximum is {MAX_IDS})")
    async with call.read() as conn:
        known = await access.accounts(conn, call.viewer_id, wanted)
        return await entities.accounts(call.app, conn, known, call.viewer_id)


async def lookup(call: Call[LookupParams]) -> Account:
    """By handle, among those known here: nothing is asked of other servers."""
    username, _, domain = call.params.acct.strip().removeprefix("@").partition("@")
    named = call.app.fed.site.handle_domain(mentions.normalise_domain(domain) or domain)
    async with call.read() as conn:
        found = await accounts.by_handle(conn, username, named)
        if found is None:
            raise errors.NotFound
        account = await access.account(conn, call.viewer_id, found.id)
        return await entities.account(call.app, conn, account.id, call.viewer_id)


async def familiar_followers(call: Call[Ids]) -> list[FamiliarFollowers]:
    """Who among those you follow follows each of these."""
    wanted = ids.parse_all(call.params.id)[:MAX_IDS]
    async with call.read() as conn:
        known = await access.accounts(conn, call.user.account_id, wanted)
        familiar = await follows.familiar(conn, call.user.account_id, known, limit=MAX_FAMILIAR)
        everybody = list({follower for followers in familiar.values() for follower in followers})
        rendered = {
            account.id: account for account in await entities.accounts(call.app, conn, everybody, call.viewer_id)
        }
    return [
        FamiliarFollowers(str(target), [rendered[str(each)] for each in followers if str(each) in rendered])
        for target, followers in familiar.items()
    ]


async def statuses(call: Call[StatusParams]) -> list[Status]:
    params = call.params
    wanted = page(params, default=20, most=40)
    async with call.read() as conn:
        account = await access.account(conn, call.viewer_id, call.id())
        if params.pinned:
            pins = await account_statuses.pinned_ids(conn, call.viewer_id, account.id, wanted)
            cursors, found = [pin for pin, _ in pins], [status for _, status in pins]
        else:
            kinds = account_statuses.Wanted(
                only_media=params.only_media,
                exclude_replies=params.exclude_replies,
                exclude_reblogs=params.exclude_reblogs,
                exclude_direct=params.exclude_direct,
                tag=tags.normalise(params.tagged.removeprefix("#")) if params.tagged else None,
            )
            found = cursors = await account_statuses.ids(conn, call.viewer_id, account.id, kinds, wanted)
        link(call, cursors, full=len(cursors) == wanted.size)
        shown = await entities.statuses(call.app, conn, found, call.viewer_id, filter_context="account")
    if call.viewer_id is not None and params.max_id is None:
        await backfill.look(call.app.fed, account)
    return shown


async def followers(call: Call[PageParams]) -> list[Account]:
    """Empty for others when the account hides its network. Of remote accounts we know those that concern us."""
    wanted = page(call.params, default=40, most=80)
    async with call.read() as conn:
        account = await access.account(conn, call.viewer_id, call.id())
        if _hides_from(account, call.viewer_id):
            return []
        rows = await follows.follower_ids(conn, account.id, wanted, viewer_id=call.viewer_id)
        link(call, [cursor for cursor, _ in rows], full=len(rows) == wanted.size)
        return await entities.accounts(call.app, conn, [follower for _, follower in rows], call.viewer_id)


async def following(call: Call[PageParams]) -> list[Account]:
    """As `followers`, the other way."""
    wanted = page(call.params, default=40, most=80)
    async with call.read() as conn:
        account = await access.account(conn, call.viewer_id, call.id())
        if _hides_from(account, call.viewer_id):
            return []
        rows = await follows.following_ids(conn, account.id, wanted, viewer_id=call.viewer_id)
        link(call, [cursor for cursor, _ in rows], full=len(rows) == wanted.size)
        return await entities.accounts(call.app, conn, [followed for _, followed in rows], call.viewer_id)


def _hides_from(account: accounts.Account, viewer_id: int | None) -> bool:
    return account.suspended_at is not None or (account.hide_collections and account.id != viewer_id)


async def in_lists(call: Call[NoParams]) -> list[List]:
    """Your lists that this account is on."""
    async with call.read() as conn:
        account = await access.account(conn, call.viewer_id, call.id())
        rows = await lists.holding(conn, call.user.account_id, account.id)
    return [build(row.id, title=row.title, replies_policy=row.replies_policy, exclusive=row.exclusive) for row in rows]


async def identity_proofs(call: Call[NoParams]) -> list[dict[str, str]]:
    """Keybase's, which are no more: no account has any. Verified links took their place."""
    async with call.read() as conn:
        await access.account(conn, call.user.account_id, call.id())
    call.headers["Deprecation"] = "@1648598400"
    return []


ROUTES = [
    get("/api/v1/accounts", index, access=public("read:accounts"), params=Ids),
    get("/api/v1/accounts/lookup", lookup, access=public("read:accounts"), params=LookupParams),
    get("/api/v1/accounts/familiar_followers", familiar_followers, access=user("read:follows"), params=Ids),
    get("/api/v1/accounts/:id", show, access=public("read:accounts")),
    get("/api/v1/accounts/:id/statuses", statuses, access=public("read:statuses"), params=StatusParams),
    get("/api/v1/accounts/:id/followers", followers, access=public("read:accounts"), params=PageParams),
    get("/api/v1/accounts/:id/following", following, access=public("read:accounts"), params=PageParams),
    get("/api/v1/accounts/:id/identity_proofs", identity_proofs, access=user("read:accounts")),
    get("/api/v1/accounts/:id/lists", in_lists, access=user("read:lists")),
]
