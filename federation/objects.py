"""Our own posts as ActivityStreams objects: what Create carries and what a GET of the object's URI answers."""

from collections.abc import Sequence
from typing import Any

from federation import uris
from federation.context import Site
from federation.vocab import activity, attachment, audience, note, question, quote, tag
from storage import publishing, quote_policies
from storage.db import Conn
from storage.publishing import Material, Medium, Parent
from storage.statuses import Status
from storage.visibility import DIRECT, NAMES, PRIVATE

JSON = dict[str, Any]  # Any: ActivityStreams

_QUOTABLE = {
    quote_policies.PUBLIC: "public",
    quote_policies.FOLLOWERS: "followers",
    quote_policies.NOBODY: "nobody",
}


def media_url(site: Site, file: str) -> str:
    return f"{site.base_url}/media/{file}"


async def notes(conn: Conn, site: Site, statuses: Sequence[Status]) -> list[JSON]:
    """The objects of local posts (not boosts), in order, each with its @context."""
    material = await publishing.load(conn, statuses)
    return [render_note(site, status, material) for status in statuses]


def render_note(site: Site, status: Status, material: Material) -> JSON:
    """A Note, or a Question when it has a poll."""
    author = material.authors[status.account_id]
    to, cc = addresses(status, material)
    parent = material.parents.get(status.in_reply_to_id or 0)
    return note.render(
        note.Outgoing(
            id=status.uri,
            url=status.url or status.uri,
            author=author.uri,
            to=to,
            cc=cc,
            content=status.content,
            published=status.created_at,
            updated=status.edited_at,
            language=status.language,
            summary=status.spoiler_text,
            sensitive=status.sensitive or (author.sensitized_at is not None and bool(status.media_ids)),
            source=note.Source(status.text, status.content_type) if status.text else None,
            in_reply_to=parent.uri if parent else status.in_reply_to_uri,
            conversation=status.conversation_uri,
            context=status.conversation_uri,
            direct=status.visibility == DIRECT,
            attachments=tuple(
                _attachment(site, material.media[media_id])
                for media_id in status.media_ids
                if media_id in material.media
            ),
            mentions=_mentions(status, material),
            hashtags=tuple(
                tag.Hashtag(name, uris.tag_page(site.base_url, name)) for name in material.tags.get(status.id, ())
            ),
            emojis=emojis(site, status.emojis, material.emojis),
            collections=tuple(material.collections.get(status.id, ())),
            poll=_poll(material.polls.get(status.id)),
            replies=uris.replies(status.uri),
            likes=uris.likes(status.uri),
            shares=uris.shares(status.uri),
            quote=_quote(material.quotes.get(status.id)),
            quotable_by=_QUOTABLE.get(status.quote_automatic or quote_policies.NOBODY),
            followers=author.followers_uri,
            approved_by=material.approvals.get(status.id),
            audience=_audience(status, material.mentions.get(status.id, ())),
        )
    )


def _audience(status: Status, named: Sequence[publishing.Mentioned]) -> str | None:
    """The community that a post is for: an opening one that names no other (13.6)."""
    found = [mention.uri for mention in named if mention.community]
    opening = status.in_reply_to_id is None and status.in_reply_to_uri is None
    return found[0] if opening and len(found) == 1 and status.visibility < PRIVATE else None


def addresses(status: Status, material: Material) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """`to` and `cc` of a post: whoever its visibility names, the mentioned, of a public answer whom it answers."""
    author = material.authors[status.account_id]
    people = [mention.uri for mention in material.mentions.get(status.id, ())]
    answered = _answered(status, material)
    if answered is not None:
        people.append(answered.account_uri)
    found = audience.audience(NAMES[status.visibility], author.followers_uri or "", people)
    return tuple(found.to), tuple(found.cc)


def _mentions(status: Status, material: Material) -> tuple[tag.Mention, ...]:
    """Those that it names, and whom it answers: many tell nobody who is not among the tags."""
    named = {
        each.uri: f"@{each.username}@{each.domain}" for each in material.mentions.get(status.id, ()) if not each.silent
    }
    answered = _answered(status, material)
    if answered is not None:
        named.setdefault(answered.account_uri, f"@{answered.username}@{answered.domain}")
    return tuple(tag.Mention(uri, name) for uri, name in named.items())


def _answered(status: Status, material: Material) -> Parent | None:
    """What a public post answers, if that is somebody else's."""
    parent = material.parents.get(status.in_reply_to_id or 0)
    return parent if parent and status.visibility < PRIVATE and parent.account_id != status.account_id else None


def announce(status: Status, material: Material) -> JSON:
    """The Announce of a boost of ours."""
    author = material.authors[status.account_id]
    boosted = material.parents[status.reblog_of_id or 0]
    found = audience.audience(NAMES[status.visibility], author.followers_uri or "", [boosted.account_uri])
    return activity.announce(
        activity.Boost(
            id=status.uri,
            actor=author.uri,
            object=boosted.uri,
            to=found.to,
            cc=found.cc,
            published=status.created_at,
            approved_by=material.approvals.get(status.id),
        )
    )


def _attachment(site: Site, medium: Medium) -> attachment.Attachment:
    focus = None
    if medium.focus_x is not None and medium.focus_y is not None:
        focus = (medium.focus_x, medium.focus_y)
    return attachment.Attachment(
        kind="video" if medium.type in ("gifv", "video") else "audio" if medium.type == "audio" else "image",
        url=media_url(site, medium.file) if medium.file else medium.remote_url or "",
        media_type=medium.content_type,
        description=medium.description or "",
        width=medium.width,
        height=medium.height,
        blurhash=medium.blurhash,
        focus=focus,
        duration=medium.duration,
        thumbnail=media_url(site, medium.preview_file) if medium.preview_file and medium.type != "image" else None,
    )


def _quote(row: publishing.QuoteRow | None) -> quote.Outgoing | None:
    """Only what was agreed to carries its stamp."""
    if row is None:
        return None
    return quote.Outgoing(
        row.uri or "",
        row.url or row.uri or "",
        consented=row.state in ("pending", "accepted"),
        gone=row.state == "deleted",
        authorization=row.approval_uri if row.state == "accepted" else None,
    )


def _poll(row: publishing.PollRow | None) -> question.Poll | None:
    if row is None:
        return None
    hidden = row.hide_totals and row.closed_at is None
    return question.Poll(
        options=tuple(
            question.Option(title, 0 if hidden else votes)
            for title, votes in zip(row.options, row.tallies, strict=True)
        ),
        multiple=row.multiple,
        ends=row.expires_at,
        closed=row.closed_at,
        voters=0 if hidden else row.voters_count or 0,
    )


def emojis(site: Site, shortcodes: Sequence[str], known: dict[str, publishing.EmojiRow]) -> tuple[tag.Emoji, ...]:
    return tuple(
        tag.Emoji(
            shortcode=code,
            url=media_url(site, row.file),
            media_type="image/png" if row.file.endswith(".png") else None,
            id=uris.emoji(site.base_url, row.id),
            updated=row.updated_at,
        )
        for code in shortcodes
        if (row := known.get(code)) is not None and row.file
    )
