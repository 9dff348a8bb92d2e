"""Actors, ours and others': rows by id, URI or handle, and every change of a profile.

An account whose person is not confirmed or approved is `pending`: no query but its login's own finds it.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec
import orjson

from storage import events, jobs
from storage.db import Conn
from storage.errors import Conflict
from storage.rows import columns, struct, structs


class Field(msgspec.Struct, frozen=True):
    """A line of a profile table. `value` is sanitised HTML, `source` what a local person typed."""

    name: str
    value: str
    source: str | None = None
    verified_at: datetime | None = None


class Account(msgspec.Struct, frozen=True):
    """A whole row of `accounts`."""

    id: int
    username: str
    domain: str
    is_local: bool
    type: str
    uri: str
    url: str
    inbox: str
    shared_inbox: str | None
    outbox: str | None
    followers_uri: str | None
    following_uri: str | None
    featured_uri: str | None
    collections_uri: str | None
    featured_tags_uri: str | None
    display_name: str
    note: str
    note_source: str | None
    fields: str  # JSON: see `fields_of`
    emojis: list[str]
    avatar_file: str | None
    avatar_static_file: str | None
    avatar_remote_url: str | None
    avatar_description: str
    header_file: str | None
    header_static_file: str | None
    header_remote_url: str | None
    header_description: str
    locked: bool
    bot: bool
    group: bool
    discoverable: bool | None
    indexable: bool
    hide_collections: bool
    memorial: bool
    show_media: bool
    show_media_replies: bool
    show_featured: bool
    also_known_as: list[str]
    moved_to_id: int | None
    attribution_domains: list[str]
    feature_automatic: int | None
    feature_manual: int
    suspended_at: datetime | None
    suspended_by_origin: bool
    silenced_at: datetime | None
    sensitized_at: datetime | None
    media_rejected: bool
    created_at: datetime
    updated_at: datetime
    fetched_at: datetime | None
    version: int

    @property
    def acct(self) -> str:
        """The handle as clients want it: bare for ours, with the domain for others'."""
        return self.username if self.is_local else f"{self.username}@{self.domain}"

    @property
    def handle(self) -> str:
        return f"{self.username}@{self.domain}"


class Stats(msgspec.Struct, frozen=True):
    account_id: int
    statuses_count: int
    following_count: int
    followers_count: int
    last_status_at: datetime | None


COLUMNS = columns(Account)
PINS_JOB = "fetch_featured"  # payload {"account_id": …}


def fields_of(account: Account) -> list[Field]:
    return msgspec.json.decode(account.fields, type=list[Field])


async def by_ids(conn: Conn, account_ids: Sequence[int]) -> dict[int, Account]:
    """Rows that exist, by id; suspended ones too."""
    records = await conn.fetch(f"select {COLUMNS} from accounts where id = any($1) and not pending", account_ids)
    return {account.id: account for account in structs(Account, records)}


async def by_id(conn: Conn, account_id: int) -> Account | None:
    record = await conn.fetchrow(f"select {COLUMNS} from accounts where id = $1 and not pending", account_id)
    return struct(Account, record)


async def by_uri(conn: Conn, uri: str) -> Account | None:
    return struct(Account, await conn.fetchrow(f"select {COLUMNS} from accounts where uri = $1 and not pending", uri))


async def by_uris(conn: Conn, uris: Sequence[str]) -> dict[str, Account]:
    """Rows that exist, by actor URI."""
    records = await conn.fetch(f"select {COLUMNS} from accounts where uri = any($1) and not pending", uris)
    return {account.uri: account for account in structs(Account, records)}


async def by_pages(conn: Conn, urls: Sequence[str]) -> dict[str, Account]:
    """Local accounts by their profile page. A remote one cannot be found so: it chooses its page itself."""
    if not urls:
        return {}
    records = await conn.fetch(f"select {COLUMNS} from accounts where is_local and url = any($1) and not pending", urls)
    return {account.url: account for account in structs(Account, records)}


async def by_url(conn: Conn, url: str) -> Account | None:
    """By actor URI or by profile page."""
    record = await conn.fetchrow(
        f"""
        select {COLUMNS} from accounts where (uri = $1 or (is_local and url = $1)) and not pending
        order by uri = $1 desc limit 1
        """,
        url,
    )
    return struct(Account, record)


async def by_handle(conn: Conn, username: str, domain: str) -> Account | None:
    """Case does not matter."""
    record = await conn.fetchrow(
        f"""
        select {COLUMNS} from accounts
        where lower(username) = lower($1) and lower(domain) = lower($2) and not pending
        """,
        username, domain,
    )  # fmt: skip
    return struct(Account, record)


async def at(conn: Conn, uri: str, username: str, domain: str) -> Account | None:
    """Somebody here, by the address that a request came to; by its name where that was written another way."""
    record = await conn.fetchrow(
        f"""
        select {COLUMNS} from accounts
        where is_local and not pending
            and (uri = $1 or (lower(username) = lower($2) and lower(domain) = lower($3)))
        order by uri = $1 desc limit 1
        """,
        uri, username, domain,
    )  # fmt: skip
    return struct(Account, record)


async def by_handles(conn: Conn, handles: Sequence[tuple[str, str]]) -> list[Account]:
    """Those of the (username, domain) pairs that are known; case does not matter."""
    records = await conn.fetch(
        f"""
        select {COLUMNS} from accounts
        where (lower(username), lower(domain)) in (
            select lower(u), lower(d) from unnest($1::text[], $2::text[]) as h(u, d)) and not pending
        """,
        [username for username, _ in handles], [domain for _, domain in handles],
    )  # fmt: skip
    return structs(Account, records)


async def local_name_like(conn: Conn, skeleton: str) -> bool:
    """Whether an account of ours has a name that looks the same: `fedi.auth.names.skeleton`, in SQL."""
    found: bool = await conn.fetchval(
        """
        select exists (
            select from accounts
            where is_local and replace(lower(translate(username, '1I0', 'llo')), 'rn', 'm') = $1)
        """,
        skeleton,
    )
    return found


async def stats(conn: Conn, account_ids: Sequence[int]) -> dict[int, Stats]:
    """Counters by account id; every row has them."""
    records = await conn.fetch(f"select {columns(Stats)} from account_stats where account_id = any($1)", account_ids)
    return {row.account_id: row for row in structs(Stats, records)}


async def new_id(conn: Conn) -> int:
    value: int = await conn.fetchval("select timestamp_id()")
    return value


class Local(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a local account. URIs are minted by the caller (`federation.uris`) and kept for good."""

    id: int
    username: str
    domain: str
    uri: str
    url: str
    inbox: str
    shared_inbox: str
    outbox: str
    followers_uri: str
    following_uri: str
    featured_uri: str
    collections_uri: str | None = None
    featured_tags_uri: str | None = None
    type: str = "Person"
    bot: bool = False
    locked: bool = False
    discoverable: bool = True
    indexable: bool = False
    pending: bool = False
    display_name: str = ""


async def create_local(conn: Conn, new: Local) -> None:
    """`Conflict` when the handle is taken."""
    values = msgspec.structs.asdict(new)
    names = ", ".join(f'"{name}"' for name in values)
    places = ", ".join(f"${place}" for place in range(1, len(values) + 1))
    done = await conn.fetchval(
        f"insert into accounts (is_local, {names}) values (true, {places}) on conflict do nothing returning id",
        *values.values(),
    )
    if done is None:
        raise Conflict("Username has already been taken")
    await conn.execute("insert into account_stats (account_id) values ($1)", new.id)
    await conn.execute(
        "insert into account_settings (account_id, last_active_at, home_built_at) values ($1, now(), now())", new.id
    )


async def reveal(conn: Conn, account_ids: Sequence[int]) -> None:
    """Accounts that waited for their person exist now."""
    await conn.execute("update accounts set pending = false where id = any($1)", account_ids)


async def forget_pending(conn: Conn, account_ids: Sequence[int]) -> None:
    """Delete accounts that never came to be; their names are free again."""
    await conn.execute("delete from accounts where id = any($1) and pending", account_ids)


class Remote(msgspec.Struct, frozen=True, kw_only=True):
    """An actor of another server as its document says it is, verified by the caller."""

    uri: str
    username: str
    domain: str
    type: str
    url: str
    inbox: str
    shared_inbox: str | None
    outbox: str | None
    followers_uri: str | None
    following_uri: str | None
    featured_uri: str | None
    collections_uri: str | None = None
    featured_tags_uri: str | None = None
    display_name: str
    note: str
    fields: list[Field]
    emojis: list[str]
    avatar_remote_url: str | None
    avatar_description: str = ""
    header_remote_url: str | None
    header_description: str = ""
    locked: bool
    bot: bool
    group: bool
    discoverable: bool | None
    indexable: bool
    memorial: bool = False
    show_media: bool = True
    show_media_replies: bool = True
    show_featured: bool = True
    also_known_as: list[str]
    attribution_domains: list[str] = []
    feature_automatic: int | None = None
    feature_manual: int = 0
    suspended: bool = False
    created_at: datetime


async def upsert_remote(conn: Conn, remote: Remote) -> int:
    """Write what an actor's document says; the row's id. Emits `AccountUpdated` when a known profile changed.

    A stale row that holds the same handle under another URI gives the handle up: the caller has just verified it.
    """
    await conn.execute(
        """
        update accounts set username = username || '.' || id::text, version = version + 1
        where lower(username) = lower($1) and lower(domain) = lower($2) and uri <> $3 and not is_local
        """,
        remote.username, remote.domain, remote.uri,
    )  # fmt: skip
    values = msgspec.structs.asdict(remote)
    values.pop("suspended")
    values["fields"] = orjson.dumps(msgspec.to_builtins(await _still_verified(conn, remote))).decode()
    names = [f'"{name}"' for name in values]
    places = ", ".join(f"${place}" for place in range(1, len(values) + 1))
    changing = [name for name in names if name not in ('"uri"', '"created_at"')]
    # xmax = 0 tells an insert from an update.
    record = await conn.fetchrow(
        f"""
        insert into accounts as a (is_local, fetched_at, {", ".join(names)}) values (false, now(), {places})
        on conflict (uri) do update set fetched_at = now(),
            version = a.version + case when ({", ".join(f"a.{name}" for name in changing)})
                is distinct from ({", ".join(f"excluded.{name}" for name in changing)}) then 1 else 0 end,
            {", ".join(f"{name} = excluded.{name}" for name in changing)}
        where not a.is_local
        returning id, xmax = 0 as is_new, version > (select o.version from accounts o where o.uri = $1) as changed
        """,
        *values.values(),
    )
    if record is None:
        raise Conflict("this URI is ours")
    account_id: int = record["id"]
    if record["is_new"]:
        await conn.execute("insert into account_stats (account_id) values ($1)", account_id)
    elif record["changed"]:
        await events.emit(conn, events.AccountUpdated(account_id))
    await suspend_by_origin(conn, account_id, remote.suspended)
    return account_id


async def _still_verified(conn: Conn, remote: Remote) -> list[Field]:
    """Lines that say what they said stay verified, if they were: that is our finding, not their word."""
    known = await conn.fetchval("select fields from accounts where uri = $1", remote.uri) if remote.fields else None
    since = {field.value: field.verified_at for field in msgspec.json.decode(known or "[]", type=list[Field])}
    return [msgspec.structs.replace(field, verified_at=since.get(field.value)) for field in remote.fields]


async def suspend_by_origin(conn: Conn, account_id: int, suspended: bool) -> None:
    """Follow the origin's word on suspension; our own suspension is not lifted by it."""
    if suspended:
        await conn.execute(
            """
            update accounts set suspended_at = now(), suspended_by_origin = true, version = version + 1
            where id = $1 and suspended_at is null
            """,
            account_id,
        )
    else:
        await conn.execute(
            """
            update accounts set suspended_at = null, suspended_by_origin = false, version = version + 1
            where id = $1 and suspended_by_origin
            """,
            account_id,
        )


async def limit(conn: Conn, account_id: int, *, since: datetime | None = None) -> None:
    """Show it only to those who follow it. `since`: the mark of the rule that says so, by which it is lifted again."""
    await conn.execute(
        """
        update accounts set silenced_at = coalesce($2, now()), version = version + 1
        where id = $1 and silenced_at is null
        """,
        account_id, since,
    )  # fmt: skip


async def reject_media(conn: Conn, account_id: int) -> None:
    """Nothing is loaded from its server."""
    await conn.execute(
        "update accounts set media_rejected = true, version = version + 1 where id = $1 and not media_rejected",
        account_id,
    )


async def asked_in_vain(conn: Conn, uri: str) -> None:
    """Its server did not tell us anything new: that counts as read, so that it is not asked again and again."""
    await conn.execute("update accounts set fetched_at = now() where uri = $1 and not is_local", uri)


async def look_at_pins(conn: Conn, account_id: int) -> None:
    """Not every server tells when they change: of somebody whom people here follow they are read now and then."""
    followed = await conn.fetchrow(
        """
        select from accounts a where a.id = $1 and not a.is_local and a.featured_uri is not null and exists (
            select from follows f join accounts r on r.id = f.account_id and r.is_local where f.target_id = a.id)
        """,
        account_id,
    )
    if followed is not None:
        await jobs.enqueue(conn, PINS_JOB, {"account_id": account_id}, queue="slow", key=str(account_id))


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Changes of a local profile; what is UNSET stays. `version` and `updated_at` are raised by the update."""

    display_name: str | msgspec.UnsetType = msgspec.UNSET
    note: str | msgspec.UnsetType = msgspec.UNSET
    note_source: str | msgspec.UnsetType = msgspec.UNSET
    fields: list[Field] | msgspec.UnsetType = msgspec.UNSET
    emojis: list[str] | msgspec.UnsetType = msgspec.UNSET
    avatar_file: str | None | msgspec.UnsetType = msgspec.UNSET
    avatar_static_file: str | None | msgspec.UnsetType = msgspec.UNSET
    avatar_description: str | msgspec.UnsetType = msgspec.UNSET
    header_file: str | None | msgspec.UnsetType = msgspec.UNSET
    header_static_file: str | None | msgspec.UnsetType = msgspec.UNSET
    header_description: str | msgspec.UnsetType = msgspec.UNSET
    locked: bool | msgspec.UnsetType = msgspec.UNSET
    bot: bool | msgspec.UnsetType = msgspec.UNSET
    type: str | msgspec.UnsetType = msgspec.UNSET
    discoverable: bool | msgspec.UnsetType = msgspec.UNSET
    indexable: bool | msgspec.UnsetType = msgspec.UNSET
    hide_collections: bool | msgspec.UnsetType = msgspec.UNSET
    show_media: bool | msgspec.UnsetType = msgspec.UNSET
    show_media_replies: bool | msgspec.UnsetType = msgspec.UNSET
    show_featured: bool | msgspec.UnsetType = msgspec.UNSET
    attribution_domains: list[str] | msgspec.UnsetType = msgspec.UNSET


async def update_profile(conn: Conn, account_id: int, changes: Profile) -> None:
    """Change a local profile and emit `AccountUpdated`. Nothing to change changes nothing."""
    values = {name: value for name, value in msgspec.structs.asdict(changes).items() if value is not msgspec.UNSET}
    if not values:
        return
    if "fields" in values:
        values["fields"] = orjson.dumps(msgspec.to_builtins(values["fields"])).decode()
    sets = ", ".join(f'"{name}" = ${place}' for place, name in enumerate(values, start=2))
    await conn.execute(
        f"update accounts set {sets}, version = version + 1, updated_at = now() where id = $1",
        account_id, *values.values(),
    )  # fmt: skip
    await events.emit(conn, events.AccountUpdated(account_id))


async def suspend(conn: Conn, account_id: int) -> bool:
    """Hide an account and end what it can do here. False when it was already."""
    done = await conn.fetchval(
        """
        update accounts set suspended_at = now(), suspended_by_origin = false, version = version + 1
        where id = $1 and (suspended_at is null or suspended_by_origin) returning id
        """,
        account_id,
    )
    if done is not None:
        await events.emit(conn, events.AccountSuspended(account_id))
    return done is not None


async def unsuspend(conn: Conn, account_id: int) -> bool:
    done = await conn.fetchval(
        """
        update accounts set suspended_at = null, suspended_by_origin = false, version = version + 1
        where id = $1 and suspended_at is not null returning id
        """,
        account_id,
    )
    if done is not None:
        await events.emit(conn, events.AccountUnsuspended(account_id))
    return done is not None


async def local_recipients(conn: Conn, uris: Sequence[str]) -> list[int]:
    """Ids of the local accounts among actor URIs."""
    records = await conn.fetch("select id from accounts where uri = any($1) and is_local and not pending", uris)
    return [record[0] for record in records]
