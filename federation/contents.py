"""What hangs on a remote post, as rows: its attachments, emojis, poll, links, and the page it is shown on."""

from selectolax.lexbor import LexborHTMLParser

from federation.vocab import normalise
from federation.vocab.attachment import Attachment
from federation.vocab.note import Note
from storage import emojis as emoji_rows
from storage import media, statuses
from storage.accounts import Account
from storage.db import Conn
from storage.statuses import Status

MAX_LINKS = 20


async def attachments(conn: Conn, note: Note, author: Account, *, with_media: bool) -> list[int]:
    """The ids of a new post's attachments, in order."""
    if not with_media:
        return []
    return [await media.create(conn, _medium(item, author)) for item in note.attachments]


async def changed_attachments(
    conn: Conn, note: Note, status: Status, author: Account, *, with_media: bool
) -> tuple[list[int], dict[int, str]]:
    """The ids of a changed post's attachments, in order, and the new descriptions of those that stay."""
    if not with_media:
        return [], {}
    held = {row.remote_url: row for row in (await media.by_ids(conn, status.media_ids)).values()}
    media_ids, described = list[int](), dict[int, str]()
    for item in note.attachments:
        row = held.get(item.url)
        if row is None:
            media_ids.append(await media.create(conn, _medium(item, author)))
            continue
        media_ids.append(row.id)
        if (row.description or "") != item.description:
            described[row.id] = item.description
    return media_ids, described


async def describe(conn: Conn, described: dict[int, str]) -> None:
    for media_id, description in described.items():
        await media.describe(conn, media_id, description=description, focus_x=None, focus_y=None)


async def emojis(conn: Conn, note: Note, author: Account, *, with_media: bool) -> list[str]:
    if not with_media:
        return []
    await emoji_rows.learn(
        conn, author.domain, [emoji_rows.Remote(each.shortcode, each.url, each.id) for each in note.emojis]
    )
    return [each.shortcode for each in note.emojis]


def _medium(item: Attachment, author: Account) -> media.New:
    focus_x, focus_y = item.focus or (None, None)
    return media.New(
        account_id=author.id,
        type=item.kind,
        content_type=item.media_type,
        width=item.width,
        height=item.height,
        duration=item.duration,
        focus_x=focus_x,
        focus_y=focus_y,
        blurhash=item.blurhash,
        description=item.description or None,
        remote_url=item.url,
        preview_remote_url=item.thumbnail,
    )


def poll(note: Note) -> statuses.Poll | None:
    if note.poll is None:
        return None
    return statuses.Poll(
        options=[option.title for option in note.poll.options],
        multiple=note.poll.multiple,
        expires_at=note.poll.closed or note.poll.ends,
        tallies=[option.votes for option in note.poll.options],
        voters_count=note.poll.voters,
    )


def page(note: Note) -> str:
    """The address for people, if it lies on the post's host or next to it: a link elsewhere would be a disguise."""
    theirs, ours = normalise.host(note.url), normalise.host(note.id)
    if theirs and ours and (theirs == ours or theirs.endswith(f".{ours}") or ours.endswith(f".{theirs}")):
        return note.url
    return note.id


def links(note: Note) -> list[str]:
    """What a post links to: attached links first, then those in its text that are neither mentions nor hashtags."""
    found = list(note.links)
    named = {mention.href for mention in note.mentions} | {hashtag.href for hashtag in note.hashtags}
    for link in LexborHTMLParser(note.content).css("a[href]") if note.content else []:
        href, classes = link.attributes.get("href") or "", (link.attributes.get("class") or "").split()
        if normalise.is_http(href) and href not in named and not {"mention", "hashtag"} & set(classes):
            found.append(href)
    return list(dict.fromkeys(url for url in found if len(url) <= normalise.MAX_URI_CHARACTERS))[:MAX_LINKS]


def replies(note: Note) -> str | None:
    """Where its server lists the answers to it."""
    return note.replies if normalise.same_host(note.replies, note.id) else None
