"""Where clients want their notices pushed to: at most one endpoint a token, and an endpoint once an account."""

from collections.abc import Sequence

import msgspec

from storage.db import Conn
from storage.errors import Missing
from storage.rows import columns, struct

# An account's oldest ones give way: each notice costs a request for each of them.
MAX_PER_ACCOUNT = 40


class Subscription(msgspec.Struct, frozen=True):
    id: int
    token_id: int
    account_id: int
    endpoint: str
    p256dh: bytes
    auth: bytes
    sealed_token: bytes
    standard: bool
    alerts: list[str]
    policy: str


class New(msgspec.Struct, frozen=True, kw_only=True):
    endpoint: str
    p256dh: bytes
    auth: bytes
    sealed_token: bytes
    standard: bool
    alerts: Sequence[str]
    policy: str


class Due(msgspec.Struct, frozen=True):
    """That a subscription wants to hear of a notification."""

    subscription_id: int
    endpoint: str
    notification_id: int


_COLUMNS = columns(Subscription, "s")
# What a token says holds only while it is good: `fedi.auth.tokens` asks the same of those who call.
_WANTED = """
    from notifications n
    join push_subscriptions s on s.account_id = n.account_id
    join oauth_tokens t on t.id = s.token_id and t.revoked_at is null
    join users u on u.id = t.user_id and u.epoch = t.epoch and u.disabled_at is null
    join memberships m on m.user_id = u.id and m.account_id = s.account_id
    join accounts a on a.id = s.account_id and a.suspended_at is null
    join accounts f on f.id = n.from_account_id and f.suspended_at is null
    where not n.filtered
      and case n.type when 'pleroma:emoji_reaction' then 'favourite' else n.type end = any(s.alerts)
      and case s.policy
        when 'all' then true
        when 'followed' then n.from_account_id = n.account_id or exists (
            select from follows w where w.account_id = n.account_id and w.target_id = n.from_account_id)
        when 'follower' then n.from_account_id = n.account_id or exists (
            select from follows w where w.account_id = n.from_account_id and w.target_id = n.account_id)
        else false end
"""


async def of_token(conn: Conn, token_id: int) -> Subscription:
    """`Missing` without one."""
    record = await conn.fetchrow(f"select {_COLUMNS} from push_subscriptions s where s.token_id = $1", token_id)
    return _found(struct(Subscription, record))


async def by_id(conn: Conn, subscription_id: int) -> Subscription | None:
    record = await conn.fetchrow(f"select {_COLUMNS} from push_subscriptions s where s.id = $1", subscription_id)
    return struct(Subscription, record)


async def put(conn: Conn, *, account_id: int, token_id: int, new: New) -> Subscription:
    """The one of this token from now on. `Missing` when the token has ended meanwhile.

    Another token that has the same endpoint for the same account is of an earlier log-in on the same device.
    """
    await conn.execute("select from accounts where id = $1 for no key update", account_id)
    await conn.execute(
        """
        delete from push_subscriptions where account_id = $1 and token_id <> $2 and (endpoint = $3 or id in (
            select id from push_subscriptions where account_id = $1 and token_id <> $2
            order by id desc offset $4))
        """,
        account_id, token_id, new.endpoint, MAX_PER_ACCOUNT - 1,
    )  # fmt: skip
    record = await conn.fetchrow(
        f"""
        insert into push_subscriptions as s
            (token_id, account_id, endpoint, p256dh, auth, sealed_token, standard, alerts, policy)
        select t.id, $2, $3, $4, $5, $6, $7, $8, $9 from oauth_tokens t where t.id = $1 and t.revoked_at is null
        on conflict (token_id) do update set endpoint = excluded.endpoint, p256dh = excluded.p256dh,
            auth = excluded.auth, sealed_token = excluded.sealed_token, standard = excluded.standard,
            alerts = excluded.alerts, policy = excluded.policy, created_at = now()
        returning {_COLUMNS}
        """,
        token_id, account_id, new.endpoint, new.p256dh, new.auth, new.sealed_token, new.standard, list(new.alerts),
        new.policy,
    )  # fmt: skip
    return _found(struct(Subscription, record))


async def change(
    conn: Conn, token_id: int, *, alerts: Sequence[str] | None = None, policy: str | None = None
) -> Subscription:
    """Other wishes; None leaves them. `Missing` without a subscription."""
    record = await conn.fetchrow(
        f"""
        update push_subscriptions as s set alerts = coalesce($2, s.alerts), policy = coalesce($3, s.policy)
        where s.token_id = $1 returning {_COLUMNS}
        """,
        token_id, None if alerts is None else list(alerts), policy,
    )  # fmt: skip
    return _found(struct(Subscription, record))


def _found(subscription: Subscription | None) -> Subscription:
    if subscription is None:
        raise Missing("There is no subscription")
    return subscription


async def end(conn: Conn, token_ids: Sequence[int]) -> None:
    """Those of these tokens."""
    await conn.execute("delete from push_subscriptions where token_id = any($1)", list(token_ids))


async def end_all(conn: Conn, account_id: int) -> None:
    await conn.execute("delete from push_subscriptions where account_id = $1", account_id)


async def drop(conn: Conn, subscription: Subscription) -> None:
    """It turned out to be dead. If its client has given another endpoint meanwhile, that one stays."""
    await conn.execute(
        "delete from push_subscriptions where id = $1 and endpoint = $2 and p256dh = $3",
        subscription.id, subscription.endpoint, subscription.p256dh,
    )  # fmt: skip


async def due(conn: Conn, notification_ids: Sequence[int]) -> list[Due]:
    """Which subscriptions want to hear of which of these, in the order of the notifications."""
    records = await conn.fetch(
        f"select s.id, s.endpoint, n.id {_WANTED} and n.id = any($1) order by n.id, s.id", list(notification_ids)
    )
    return [Due(*record) for record in records]


async def locale(conn: Conn, due: Due) -> str | None:
    """The language of the person to be told; None if the subscription does not want to hear of it any more."""
    found: str | None = await conn.fetchval(
        f"select u.locale {_WANTED} and s.id = $1 and n.id = $2", due.subscription_id, due.notification_id
    )
    return found
