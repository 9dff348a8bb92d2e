"""What a page of statuses or accounts is made of, read in a fixed number of queries however long the page is.

Satellites come as JSON arrays, decoded by position into the `array_like` structs below.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from storage.accounts import Account
from storage.approvals import Action
from storage.cards import Page
from storage.collection_items import SHOWN, Item
from storage.collections import OPEN, Collection
from storage.db import Conn
from storage.rows import ANY_OF_1, ANY_OF_2, SWITCH_3, SWITCH_4, columns, struct, structs
from storage.visibility import VISIBLE

T = TypeVar("T")


class Head(msgspec.Struct, frozen=True):
    """What changes often or differs by viewer. The author's counters are here because the same query reads them."""

    id: int
    account_id: int
    version: int
    author_version: int
    reblog_of_id: int | None
    visibility: int
    poll_id: int | None
    replies_count: int  # this and the next two: what we know, or what its server claims if that is more
    reblogs_count: int
    favourites_count: int
    quotes_count: int
    reactions: str | None  # an aggregate of `Reactions`
    quote_automatic: int | None
    quote_manual: int
    held_until: datetime | None
    held_locally: bool
    follows: bool  # the viewer the author, where it decides about quoting or collections
    followed: bool  # the viewer by the author, likewise
    quote_state: str | None
    quoted_id: int | None  # only when the quote is accepted and the viewer may read what is quoted
    quoted_avoided: str | None  # why the viewer does not want to meet the author of what is quoted
    flags: int  # of `marks`
    muted: bool  # the thread, by the viewer
    collections: str | None  # that it shares, as far as the viewer may see them: see `Shared`
    rules: str | None  # what its author, elsewhere, does not let everybody do: see `Ruling`
    statuses_count: int
    following_count: int
    followers_count: int
    last_status_at: datetime | None


# Whether who follows whom decides who may put an account into a collection: see `feature_policies`.
ASKS_FOLLOWS = "(coalesce(a.feature_automatic, 0) | a.feature_manual) & 2 <> 0 or (a.is_local and a.locked)"
ASKS_FOLLOWED = "(coalesce(a.feature_automatic, 0) | a.feature_manual) & 4 <> 0"


class Named(Item, frozen=True, array_like=True):
    """Who is in a collection that a post shares."""


class Shared(Collection, frozen=True, array_like=True):
    """A collection that a post shares."""

    items: list[Named]


class Ruling(msgspec.Struct, frozen=True, array_like=True):
    """Who may do something with a post at once, and who has to be agreed to; and who the viewer is to the author."""

    action: Action
    automatic: list[str]
    manual: list[str]
    author: str  # this and the next two are URIs
    followers: str | None
    following: str | None
    viewer: str | None
    follows: bool
    followed: bool
    addressed: bool  # the post names or answers the viewer


# Most posts have none.
_RULES = """case when not a.is_local then (
        select json_agg(json_build_array(r.action, r.automatic, r.manual, a.uri, a.followers_uri, a.following_uri,
            (select v.uri from accounts v where v.id = $1),
            exists (select from follows where account_id = $1 and target_id = s.account_id),
            exists (select from follows where account_id = s.account_id and target_id = $1),
            coalesce(s.in_reply_to_account_id = $1, false)
                or exists (select from mentions where status_id = s.id and account_id = $1)) order by r.action)
        from interaction_rules r where r.status_id = s.id)::text end"""


def _array(kind: type[msgspec.Struct], alias: str, *more: str) -> str:
    """A JSON array of the struct's fields, and more, to be decoded into it."""
    return f"json_build_array({', '.join([columns(kind, alias), *more])})"


_ITEMS = f"""coalesce((
    select json_agg({_array(Item, "i")} order by i.position, i.id)
    from collection_items i join accounts a on a.id = i.account_id where i.collection_id = c.id and {SHOWN}), '[]')"""
_SHARED = f"""(
    select json_agg({_array(Collection, "c", _ITEMS)} order by g.position)
    from tagged_collections g join collections c on c.id = g.collection_id join accounts o on o.id = c.account_id
    where g.status_id = s.id and {OPEN})"""

# What posts of a table quote with consent, as far as the viewer may read it.
_QUOTED = """
    select q.status_id, s.id, case
        when $1::bigint is null or s.account_id = $1 then null
        when exists (select from blocks where account_id = $1 and target_id = s.account_id) then 'blocked_account'
        when exists (select from account_domain_blocks d join accounts w on lower(w.domain) = d.domain
            where d.account_id = $1 and w.id = s.account_id and not w.is_local) then 'blocked_domain'
        when exists (select from mutes where account_id = $1 and target_id = s.account_id
            and (expires_at is null or expires_at > now())) then 'muted_account'
        end as avoided
    from quotes q join statuses s on s.id = q.quoted_id
    where q.status_id in (select id from {table}) and q.state = 'accepted' and {visible}"""

# Most posts have none: the counter says so, and nothing is looked up.
_REACTIONS = """(
    select json_agg(json_build_array(x.name, x.domain, x.count, x.me, x.file, x.static_file, x.remote_url,
        x.static_remote_url) order by x.first)
    from (
        select max(r.name) as name, r.domain, count(*) as count, coalesce(bool_or(r.account_id = $1), false) as me,
            e.file, e.static_file, e.remote_url, e.static_remote_url, min(r.id) as first
        from reactions r left join custom_emojis e on e.domain = r.domain and e.shortcode = r.name and not e.disabled
        where r.status_id = s.id group by r.key, r.domain, e.id) x)"""


# $1 is the viewer, $2 the ids, $3 and $4 the switches of `heads`. `viewings` asks it for many viewers.
HEADS = f"""
    with unwanted as materialized (
        select target_id as id from blocks where account_id = $1
        union all select target_id from mutes where account_id = $1 and (expires_at is null or expires_at > now())),
    shown as materialized (
        select s.id, s.reblog_of_id from statuses s left join statuses b on b.id = s.reblog_of_id
        where s.id = {ANY_OF_2} and ({SWITCH_4} or {VISIBLE}) and (
            not {SWITCH_3} or s.account_id = $1 or not exists (
            select from accounts w where w.id in (s.account_id, b.account_id) and (
                w.id in (select id from unwanted)
                or (not w.is_local and lower(w.domain) in (
                    select domain from account_domain_blocks where account_id = $1)))))),
    main as materialized (
        select id from shown union select reblog_of_id from shown where reblog_of_id is not null),
    quoted as materialized ({_QUOTED.format(table="main", visible=VISIBLE)}),
    deeper as materialized ({_QUOTED.format(table="quoted", visible=VISIBLE)})
    select s.id, s.account_id, s.version, a.version as author_version, s.reblog_of_id, s.visibility, s.poll_id,
        greatest(c.replies_count, c.claimed_replies, 0) as replies_count,
        greatest(c.reblogs_count, c.claimed_reblogs, 0) as reblogs_count,
        greatest(c.favourites_count, c.claimed_favourites, 0) as favourites_count,
        coalesce(c.quotes_count, 0) as quotes_count,
        case when c.reactions_count > 0 then {_REACTIONS} end as reactions,
        s.quote_automatic, s.quote_manual, s.held_until, s.held_locally,
        ((coalesce(s.quote_automatic, 0) | s.quote_manual) & 2 <> 0 or {ASKS_FOLLOWS}) and exists (
            select from follows where account_id = $1 and target_id = s.account_id) as follows,
        ((coalesce(s.quote_automatic, 0) | s.quote_manual) & 4 <> 0 or {ASKS_FOLLOWED}) and exists (
            select from follows where account_id = s.account_id and target_id = $1) as followed,
        q.state as quote_state, v.id as quoted_id, v.avoided as quoted_avoided, coalesce(m.flags, 0) as flags,
        exists (select from conversation_mutes t where t.account_id = $1 and t.thread_id = s.thread_id) as muted,
        {_SHARED} as collections, {_RULES} as rules,
        greatest(n.statuses_count, n.claimed_statuses, 0) as statuses_count,
        greatest(n.following_count, n.claimed_following, 0) as following_count,
        greatest(n.followers_count, n.claimed_followers, 0) as followers_count, n.last_status_at
    from statuses s
    join accounts a on a.id = s.account_id
    left join account_stats n on n.account_id = s.account_id
    left join status_stats c on c.status_id = s.id
    left join marks m on m.account_id = $1 and m.status_id = s.id
    left join quotes q on q.status_id = s.id
    left join (select * from quoted union select * from deeper) v on v.status_id = s.id
    where s.id in (select id from main union all select id from quoted)"""


# Who looks is hidden from the planner like the rest: with statistics about blocks and follows it would make another
# plan for everybody, each time.
_HEADS = HEADS.replace("$1::bigint", "$1").replace("$1", "(select $1::bigint)")


async def heads(
    conn: Conn, viewer_id: int | None, status_ids: Sequence[int], *, wanted: bool = False, everything: bool = False
) -> list[Head]:
    """Of those the viewer may read, of what they boost, and of what those quote, in no order. `wanted`: and wants to
    meet, as WANTED says, but asked once for all. `everything`: of all, for staff at work on a report."""
    records = await conn.fetch(_HEADS, viewer_id, status_ids, wanted, everything)
    return structs(Head, records)


class Reactions(msgspec.Struct, frozen=True, array_like=True):
    """All that are the same, of a post. The pictures are those of a custom emoji."""

    name: str
    domain: str | None
    count: int
    me: bool
    file: str | None
    static_file: str | None
    remote_url: str | None
    static_remote_url: str | None


class Medium(msgspec.Struct, frozen=True, array_like=True):
    id: int
    type: str
    state: str
    file: str | None
    preview_file: str | None
    width: int | None
    height: int | None
    preview_width: int | None
    preview_height: int | None
    duration: float | None
    focus_x: float | None
    focus_y: float | None
    blurhash: str | None
    description: str | None
    remote_url: str | None
    preview_remote_url: str | None
    frame_rate: str | None
    bitrate: int | None


class Mention(msgspec.Struct, frozen=True, array_like=True):
    id: int
    username: str
    domain: str
    is_local: bool
    url: str
    uri: str


class Emoji(msgspec.Struct, frozen=True, array_like=True):
    shortcode: str
    file: str | None
    static_file: str | None
    remote_url: str | None
    static_remote_url: str | None
    category: str | None
    visible_in_picker: bool


class Card(Page, frozen=True, array_like=True, kw_only=True):
    url: str


class Application(msgspec.Struct, frozen=True, array_like=True):
    name: str
    website: str | None


class Body(msgspec.Struct, frozen=True):
    """What every reader of a status is shown, and what it was rendered from: see `satellites`."""

    id: int
    version: int
    author_version: int
    is_local: bool
    uri: str
    url: str | None
    visibility: int
    content: str
    spoiler_text: str
    sensitive: bool
    language: str | None
    in_reply_to_id: int | None
    in_reply_to_account_id: int | None
    reblog_of_id: int | None
    created_at: datetime
    edited_at: datetime | None
    media: str | None
    mentions: str | None
    tags: str | None
    emojis: str | None
    card: str | None
    application: str | None


EMOJIS = f"""(
    select json_agg({_array(Emoji, "e")} order by e.shortcode) from custom_emojis e
    where e.domain = case when a.is_local then '' else lower(a.domain) end and not e.disabled and not a.media_rejected
        and e.shortcode = any(%s.emojis))"""


async def bodies(conn: Conn, status_ids: Sequence[int]) -> list[Body]:
    """No viewer is asked about: only for ids that `heads` returned."""
    records = await conn.fetch(
        f"""
        select s.id, s.version, a.version as author_version, s.is_local, s.uri, s.url, s.visibility, s.content,
            s.spoiler_text, s.sensitive or (a.sensitized_at is not null and s.media_ids <> '{{}}') as sensitive,
            s.language, s.in_reply_to_id, s.in_reply_to_account_id, s.reblog_of_id, s.created_at, s.edited_at,
            (select json_agg({_array(Medium, "m")} order by array_position(s.media_ids, m.id))
                from media_attachments m where m.id = any(s.media_ids) and not a.media_rejected) as media,
            (select json_agg({_array(Mention, "p")} order by p.id)
                from mentions n join accounts p on p.id = n.account_id
                where n.status_id = s.id and not n.silent) as mentions,
            (select json_agg(t.name order by t.name)
                from status_tags st join tags t on t.id = st.tag_id where st.status_id = s.id) as tags,
            case when s.emojis <> '{{}}' then {EMOJIS % "s"} end as emojis,
            (select {_array(Card, "c")} from status_cards sc join preview_cards c on c.id = sc.card_id
                where sc.status_id = s.id and c.title <> '' and not c.hidden) as card,
            (select {_array(Application, "o")} from oauth_applications o
                where o.id = s.application_id and s.is_local) as application
        from statuses s join accounts a on a.id = s.account_id
        where s.id = {ANY_OF_1}
        """,
        status_ids,
    )
    return structs(Body, records)


class Badge(msgspec.Struct, frozen=True, array_like=True):
    """A role that everybody is shown."""

    id: int
    label: str
    color: str


class Author(msgspec.Struct, frozen=True):
    """An account with what is shown beside it."""

    account: Account
    emojis: str | None
    role: str | None  # see `Badge`
    subscribable: int | None  # what its people may do, if it wants to be read by e-mail
    statuses_count: int
    following_count: int
    followers_count: int
    last_status_at: datetime | None
    follows: bool  # the viewer, where it decides about collections
    followed: bool  # by the account, likewise


_WIDTH = len(Account.__struct_fields__)


async def authors(
    conn: Conn, viewer_id: int | None, account_ids: Sequence[int], *, pending: bool = False
) -> dict[int, Author]:
    """Rows that exist, by id, and those they have moved to; suspended ones too, applicants only with `pending`."""
    records = await conn.fetch(
        f"""
        select {columns(Account, "a")},
            case when a.emojis <> '{{}}' then {EMOJIS % "a"} end,
            case when a.is_local then (
                select {_array(Badge, "r")} from memberships m join users u on u.id = m.user_id
                join roles r on r.name = u.role
                where m.account_id = a.id and r.highlighted order by r.position desc, r.id limit 1) end,
            case when a.is_local and exists (
                select from account_settings w where w.account_id = a.id and w.email_subscriptions) then (
                select bit_or(r.permissions) from memberships m join users u on u.id = m.user_id
                join roles r on r.name = u.role where m.account_id = a.id) end,
            greatest(n.statuses_count, n.claimed_statuses, 0), greatest(n.following_count, n.claimed_following, 0),
            greatest(n.followers_count, n.claimed_followers, 0), n.last_status_at,
            ({ASKS_FOLLOWS}) and exists (select from follows where account_id = $1 and target_id = a.id),
            ({ASKS_FOLLOWED}) and exists (select from follows where account_id = a.id and target_id = $1)
        from accounts a left join account_stats n on n.account_id = a.id
        where (not a.pending or {SWITCH_3}) and (a.id = {ANY_OF_2}
            or a.id in (select moved_to_id from accounts where id = {ANY_OF_2} and moved_to_id is not null))
        """,
        viewer_id, account_ids, pending,
    )  # fmt: skip
    rows = [tuple(record.values()) for record in records]
    return {row[0]: Author(Account(*row[:_WIDTH]), *row[_WIDTH:]) for row in rows}


class Poll(msgspec.Struct, frozen=True):
    id: int
    status_id: int
    options: list[str]
    tallies: list[int]
    votes_count: int
    voters_count: int | None
    multiple: bool
    hide_totals: bool
    expires_at: datetime | None
    closed_at: datetime | None
    choices: list[int]  # the viewer's


# $1 is the viewer.
POLLS = """
    select p.id, p.status_id, p.options, p.tallies, p.votes_count, p.voters_count, p.multiple, p.hide_totals,
        p.expires_at, p.closed_at,
        array(select v.choice from poll_votes v where v.poll_id = p.id and v.account_id = $1
            order by v.choice) as choices
    from polls p where p.id = any($2)"""


async def polls(conn: Conn, viewer_id: int | None, poll_ids: Sequence[int]) -> list[Poll]:
    return structs(Poll, await conn.fetch(POLLS, viewer_id, poll_ids))


class Keyword(msgspec.Struct, frozen=True, array_like=True):
    id: int
    keyword: str
    whole_word: bool


class Filter(msgspec.Struct, frozen=True):
    """A filter in force, with all that it matches."""

    id: int
    title: str
    context: list[str]
    action: str
    expires_at: datetime | None
    keywords: str | None
    status_ids: list[int]


# $1 is the account.
FILTERS = f"""
    select f.id, f.title, f.context, f.action, f.expires_at,
        (select json_agg({_array(Keyword, "k")} order by k.id)
            from filter_keywords k where k.filter_id = f.id) as keywords,
        array(select n.status_id from filter_statuses n
            where n.filter_id = f.id and n.status_id = any($2)) as status_ids
    from filters f where f.account_id = $1 and (f.expires_at is null or f.expires_at > now()) order by f.id"""


async def filters(conn: Conn, account_id: int, status_ids: Sequence[int]) -> list[Filter]:
    """Every filter in force of the account; of the statuses that filters name, only those among `status_ids`."""
    return structs(Filter, await conn.fetch(FILTERS, account_id, status_ids))


async def media(conn: Conn, media_ids: Sequence[int]) -> list[Medium]:
    """In the order given, without those that a rule rejects. Whose they are has been checked by the caller."""
    records = await conn.fetch(
        f"""
        select {columns(Medium, "m")} from media_attachments m
        where m.id = any($1) and not (select a.media_rejected from accounts a where a.id = m.account_id)
        order by array_position($1, m.id)
        """,
        media_ids,
    )
    return structs(Medium, records)


class Tag(msgspec.Struct, frozen=True):
    id: int
    name: str
    usage: str | None  # [[day, people, uses], …] of the last week
    following: bool
    featuring: bool


async def tags(conn: Conn, viewer_id: int | None, names: Sequence[str]) -> dict[str, Tag]:
    """Those that exist, by normalised name."""
    records = await conn.fetch(
        """
        select t.id, t.name,
            (select json_agg(json_build_array(u.day, u.people, u.uses)) from (
                select day, count(*) as people, sum(uses) as uses from tag_uses
                where tag_id = t.id and day > current_date - 7 group by day) u) as usage,
            exists (select from tag_follows f where f.account_id = $1 and f.tag_id = t.id) as following,
            exists (select from featured_tags f where f.account_id = $1 and f.tag_id = t.id) as featuring
        from tags t where t.name = any($2)
        """,
        viewer_id, names,
    )  # fmt: skip
    return {tag.name: tag for tag in structs(Tag, records)}


class Credentials(msgspec.Struct, frozen=True):
    """What only the owner of an account is shown of it."""

    default_privacy: str
    default_sensitive: bool
    default_language: str | None
    default_quote_policy: str
    follow_requests: int


async def credentials(conn: Conn, account_id: int) -> Credentials | None:
    record = await conn.fetchrow(
        """
        select s.default_privacy, s.default_sensitive, s.default_language, s.default_quote_policy,
            (select count(*) from follow_requests r join accounts a on a.id = r.account_id
                where r.target_id = s.account_id and a.suspended_at is null) as follow_requests
        from account_settings s where s.account_id = $1
        """,
        account_id,
    )
    return struct(Credentials, record)


def decode(text: str | None, kind: type[T]) -> list[T]:
    """A JSON aggregate as a list of `kind`; Postgres says null for an empty one."""
    return [] if text is None else msgspec.json.decode(text, type=list[kind])  # type: ignore[valid-type]
