"""The posts of one account, as its profile shows them."""

import msgspec

from storage.db import Conn
from storage.paging import Page
from storage.visibility import VISIBLE, WANTED


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which of them."""

    only_media: bool = False
    exclude_replies: bool = False
    """Answers to others; answers to oneself stay, for they are threads."""
    exclude_reblogs: bool = False
    exclude_direct: bool = False
    tag: str | None = None
    """A normalised name."""


async def ids(conn: Conn, viewer_id: int | None, account_id: int, wanted: Wanted, page: Page) -> list[int]:
    """Ids the viewer may read, newest first. Boosts of people the viewer has blocked or muted are left out; the
    account's own posts are not, for who opens a profile wants to see it."""
    records = await conn.fetch(
        f"""
        select s.id from statuses s
        where s.account_id = $2 and s.id < $3 and s.id > $4 and {VISIBLE}
            and (not $6 or cardinality(s.media_ids) > 0)
            and (not $7 or s.in_reply_to_account_id = s.account_id
                or (s.in_reply_to_id is null and s.in_reply_to_uri is null))
            and (not $8 or s.reblog_of_id is null)
            and (not $9 or s.visibility < 3)
            and ($10::text is null or exists (
                select from status_tags st join tags t on t.id = st.tag_id where st.status_id = s.id and t.name = $10))
            and ($1::bigint is null or s.reblog_of_id is null or not exists (
                select from statuses o join accounts oa on oa.id = o.account_id where o.id = s.reblog_of_id and (
                    exists (select from blocks b where b.account_id = $1 and b.target_id = oa.id)
                    or exists (select from mutes m where m.account_id = $1 and m.target_id = oa.id
                        and (m.expires_at is null or m.expires_at > now()))
                    or exists (select from account_domain_blocks d
                        where d.account_id = $1 and d.domain = lower(oa.domain) and not oa.is_local))))
        order by s.id {page.order} limit $5
        """,
        viewer_id, account_id, page.below, page.above, page.size, wanted.only_media, wanted.exclude_replies,
        wanted.exclude_reblogs, wanted.exclude_direct, wanted.tag,
    )  # fmt: skip
    return page.arrange([record[0] for record in records])


async def pinned_ids(conn: Conn, viewer_id: int | None, account_id: int, page: Page) -> list[tuple[int, int]]:
    """(pin id, status id) of what the viewer may read, latest pin first. A community pins what others wrote: nothing of
    those whom the viewer does not want to meet."""
    records = await conn.fetch(
        f"""
        select p.id, p.status_id from status_pins p join statuses s on s.id = p.status_id
        where p.account_id = $2 and p.id < $3 and p.id > $4 and {VISIBLE} and (s.account_id = $2 or {WANTED})
        order by p.id {page.order} limit $5
        """,
        viewer_id, account_id, page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange([(record[0], record[1]) for record in records])
