"""People without an account who read somebody's public posts by e-mail, and the posts that wait to be sent to them."""

import msgspec

from storage.db import Conn
from storage.roles import Rank
from storage.rows import struct, structs

ASK_JOB = "ask_subscriber"  # payload {"account_id": …, "email": …, "locale": …}
SEND_JOB = "send_to_subscribers"  # payload {"account_id": …}
UNCONFIRMED_DAYS = 7


class Subscription(msgspec.Struct, frozen=True):
    id: int
    account_id: int
    email: str
    locale: str
    confirmed: bool


class Offer(msgspec.Struct, frozen=True):
    """What decides whether an account can be read by e-mail: its own wish, and what its people may do."""

    enabled: bool
    permissions: int

    @property
    def rank(self) -> Rank:
        return Rank(permissions=self.permissions)


class Audience(msgspec.Struct, frozen=True):
    """How many addresses there are for an account."""

    username: str
    confirmed: int
    unconfirmed: int


_COLUMNS = "id, account_id, email, locale, confirmed_at is not null as confirmed"


async def offer(conn: Conn, account_id: int) -> Offer | None:
    """None for who is not here, or cannot be read at all."""
    record = await conn.fetchrow(
        """
        select s.email_subscriptions as enabled, coalesce((
            select bit_or(r.permissions) from memberships m join users u on u.id = m.user_id
            join roles r on r.name = u.role where m.account_id = a.id), 0) as permissions
        from accounts a join account_settings s on s.account_id = a.id
        where a.id = $1 and a.is_local and not a.pending and a.suspended_at is null and a.moved_to_id is null
        """,
        account_id,
    )
    return struct(Offer, record)


async def enable(conn: Conn, account_id: int, *, enabled: bool) -> None:
    done = await conn.fetchval(
        """
        update account_settings set email_subscriptions = $2 where account_id = $1 and email_subscriptions <> $2
        returning account_id
        """,
        account_id, enabled,
    )  # fmt: skip
    if done is not None:
        await conn.execute("update accounts set version = version + 1 where id = $1", account_id)


async def ask(conn: Conn, account_id: int, email: str, locale: str) -> int | None:
    """Somebody gives an address. The id of what has to be confirmed; None when it is, or has been asked for lately."""
    found: int | None = await conn.fetchval(
        """
        insert into email_subscriptions as s (account_id, email, locale) values ($1, lower($2), $3)
        on conflict (account_id, email) do update set asked_at = now(), locale = excluded.locale
            where s.confirmed_at is null and s.asked_at < now() - interval '1 hour'
        returning id
        """,
        account_id, email, locale,
    )  # fmt: skip
    return found


async def by_id(conn: Conn, subscription_id: int) -> Subscription | None:
    record = await conn.fetchrow(f"select {_COLUMNS} from email_subscriptions where id = $1", subscription_id)
    return struct(Subscription, record)


async def confirm(conn: Conn, subscription_id: int) -> None:
    await conn.execute(
        "update email_subscriptions set confirmed_at = now() where id = $1 and confirmed_at is null", subscription_id
    )


async def remove(conn: Conn, subscription_id: int) -> None:
    await conn.execute("delete from email_subscriptions where id = $1", subscription_id)


async def remove_all(conn: Conn, account_id: int) -> int:
    """How many there were."""
    records = await conn.fetch("delete from email_subscriptions where account_id = $1 returning id", account_id)
    return len(records)


async def remove_everywhere(conn: Conn, email: str) -> int:
    """Whatever an address reads; how many they were."""
    records = await conn.fetch("delete from email_subscriptions where email = lower($1) returning id", email)
    return len(records)


async def confirmed(conn: Conn, account_id: int) -> list[int]:
    records = await conn.fetch(
        "select id from email_subscriptions where account_id = $1 and confirmed_at is not null order by id", account_id
    )
    return [record[0] for record in records]


async def audiences(conn: Conn, account_id: int | None = None) -> list[Audience]:
    """Of the accounts that have any, by name; or of one."""
    records = await conn.fetch(
        """
        select a.username, count(*) filter (where s.confirmed_at is not null) as confirmed,
            count(*) filter (where s.confirmed_at is null) as unconfirmed
        from email_subscriptions s join accounts a on a.id = s.account_id
        where $1::bigint is null or s.account_id = $1 group by a.id order by a.username
        """,
        account_id,
    )
    return structs(Audience, records)


async def forget_unconfirmed(conn: Conn) -> None:
    await conn.execute(
        "delete from email_subscriptions where confirmed_at is null and asked_at < now() - make_interval(days => $1)",
        UNCONFIRMED_DAYS,
    )


async def hold(conn: Conn, status_id: int) -> int | None:
    """Keep a new post for the subscribers of its author, if it is public, answers nobody else, and there are any; the
    author then."""
    account_id: int | None = await conn.fetchval(
        """
        insert into email_posts (status_id, account_id)
        select s.id, s.account_id from statuses s join account_settings w on w.account_id = s.account_id
        where s.id = $1 and s.is_local and s.visibility = 0 and s.reblog_of_id is null and w.email_subscriptions
            and (s.in_reply_to_uri is null or s.in_reply_to_account_id = s.account_id)
            and exists (select from email_subscriptions e
                where e.account_id = s.account_id and e.confirmed_at is not null)
        on conflict do nothing returning account_id
        """,
        status_id,
    )
    return account_id


async def take(conn: Conn, account_id: int) -> list[int]:
    """The posts that have waited; they wait no more."""
    records = await conn.fetch("delete from email_posts where account_id = $1 returning status_id", account_id)
    return sorted(record[0] for record in records)
