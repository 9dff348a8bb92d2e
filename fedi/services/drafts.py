"""What a person sends to be posted, and what it comes to: limits, defaults, mentions, HTML. Nothing is stored here."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Literal

import msgspec
from starlette.datastructures import UploadFile

from federation import resolve, uris
from fedi import errors
from fedi.config import Settings
from fedi.context import App
from fedi.text import compose, counting, emoji, language, quoting
from fedi.text.mentions import Handle
from storage import reviews, statuses
from storage.accounts import Account
from storage.quote_policies import Name
from storage.visibility import Visibility

ContentType = Literal["text/plain", "text/markdown"]

# However much of it is addresses and combining marks, which count little.
MIN_TEXT_BYTES = 65_536
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class PollDraft(msgspec.Struct, frozen=True, kw_only=True):
    options: list[str] = []
    expires_in: int | None = None  # seconds
    multiple: bool = False
    hide_totals: bool = False


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of `POST /api/v1/statuses`, and of a scheduled post while it waits."""

    status: str = ""
    spoiler_text: str = ""
    visibility: Visibility | None = None
    sensitive: bool | None = None
    language: str | None = None
    content_type: ContentType = "text/plain"
    in_reply_to_id: str | None = None
    quoted_status_id: str | None = None
    quote_approval_policy: Name | None = None
    media_ids: list[int] = []
    poll: PollDraft | None = None
    scheduled_at: datetime | None = None


class MediaAttributes(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    description: str | None = None
    focus: str | None = None
    thumbnail: UploadFile | None = None


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of `PUT /api/v1/statuses/:id`: the whole new state, what is absent is gone."""

    status: str = ""
    spoiler_text: str = ""
    sensitive: bool = False
    language: str | None = None
    content_type: ContentType | None = None
    media_ids: list[int] = []
    media_attributes: list[MediaAttributes] = []
    poll: PollDraft | None = None
    quote_approval_policy: Name | None = None  # the one thing that stays when it is absent


class Checked(msgspec.Struct, frozen=True):
    """A draft within the limits."""

    text: str
    spoiler_text: str
    media_ids: list[int]
    poll: statuses.Poll | None  # its end counted from now


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A text with everything that follows from it."""

    text: str
    spoiler_text: str
    content: str
    content_type: str
    media_ids: list[int]
    mentions: list[int]  # account ids
    tags: list[str]
    links: list[str]
    emojis: list[str]


def text_of(text: str) -> str:
    """One kind of line end, no control characters, no blank around it."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def language_of(*candidates: str | None) -> str | None:
    """The first that is a language."""
    return next((code for each in candidates if (code := language.normalise(each))), None)


def media_ids_of(settings: Settings, ids: Sequence[int]) -> list[int]:
    """Each once, in the order of display."""
    unique = list(dict.fromkeys(ids))
    if len(unique) > settings.max_media_attachments:
        raise errors.Invalid(f"Cannot attach more than {settings.max_media_attachments} files")
    return unique


def poll_of(settings: Settings, draft: PollDraft | None, *, now: datetime | None = None) -> statuses.Poll | None:
    """A poll within the limits; None when no option was given. Time runs from `now`."""
    options = [compose.single_line(option) for option in draft.options] if draft else []
    options = [option for option in options if option]
    if draft is None or not options:
        return None
    if len(options) < 2:
        raise errors.Invalid("Poll must have more than one option")
    if len(options) > settings.poll_max_options:
        raise errors.Invalid(f"Poll can't contain more than {settings.poll_max_options} options")
    if len(set(options)) < len(options):
        raise errors.Invalid("Poll options must differ")
    if any(counting.graphemes(option) > settings.poll_max_option_chars for option in options):
        raise errors.Invalid(f"Poll options can't be longer than {settings.poll_max_option_chars} characters each")
    seconds = draft.expires_in
    if seconds is None:
        raise errors.Invalid("Poll needs an end: expires_in can't be blank")
    if seconds < settings.poll_min_seconds:
        raise errors.Invalid("Poll duration is too short")
    if seconds > settings.poll_max_seconds:
        raise errors.Invalid("Poll duration is too far into the future")
    return statuses.Poll(
        options=options,
        multiple=draft.multiple,
        hide_totals=draft.hide_totals,
        expires_at=(now or datetime.now(UTC)) + timedelta(seconds=seconds),
        voters_count=0,
    )


def checked(settings: Settings, draft: Draft | Revision, *, quotes: bool = False) -> Checked:
    """`Invalid` when it is not fit to be posted: nothing in it, too much, or things that do not go together. A post
    that quotes need not say anything."""
    text, spoiler_text = text_of(draft.status), compose.single_line(draft.spoiler_text)
    poll = poll_of(settings, draft.poll)
    media_ids = media_ids_of(settings, draft.media_ids)
    if poll and media_ids:
        raise errors.Invalid("A post can have either attachments or a poll")
    if not (text or spoiler_text or poll or media_ids or quotes):
        raise errors.Invalid("Text can't be blank")
    most = settings.max_status_chars
    too_long = counting.characters(text, spoiler_text) > most
    if too_long or len(text.encode()) + len(spoiler_text.encode()) > max(MIN_TEXT_BYTES, 4 * most):
        raise errors.Invalid(f"Text character limit of {most} exceeded")
    return Checked(text, spoiler_text, media_ids, poll)


async def write(app: App, draft: Checked, *, content_type: str, quoted: tuple[str, str] | None = None) -> Written:
    """Find whom the text mentions, asking other servers for whoever is not known here, and make it HTML.

    `quoted`: page and URI of what it quotes. Not inside a transaction. `Invalid` for a tag that staff has banned.
    """
    found = compose.extract(draft.text, content_type=content_type)
    await _check_tags(app, found.hashtags)
    people = await mentioned(app, found.mentions)
    content = compose.render(
        draft.text,
        content_type=content_type,
        mentions={handle: compose.Person(row.username, row.acct, row.url) for handle, row in people.items()},
        tag_url=partial(uris.tag_page, app.settings.base_url),
    )
    if quoted is not None:
        page, uri = quoted
        content = quoting.prefixed(content, found.urls, page=page, uri=uri)
    options = draft.poll.options if draft.poll else ()
    return Written(
        text=draft.text,
        spoiler_text=draft.spoiler_text,
        content=content,
        content_type=content_type,
        media_ids=draft.media_ids,
        mentions=list(dict.fromkeys(row.id for row in people.values())),
        tags=found.hashtags,
        links=found.urls,
        emojis=emoji.shortcodes("\n".join((draft.text, draft.spoiler_text, *options))),
    )


async def _check_tags(app: App, names: Sequence[str]) -> None:
    if not names:
        return
    async with app.db.read() as conn:
        banned = await reviews.banned(conn, names)
    if banned:
        raise errors.Invalid(
            f"Text contains a tag that may not be used here: {', '.join(f'#{each}' for each in banned)}"
        )


async def mentioned(app: App, handles: Sequence[Handle]) -> dict[Handle, Account]:
    """The accounts behind the handles of a text, without those that do not exist or are suspended."""
    if not handles:
        return {}
    full = {handle: (handle[0], handle[1] or app.fed.site.domain) for handle in handles}
    found = await resolve.handles(app.fed, list(dict.fromkeys(full.values())))
    return {handle: found[pair] for handle, pair in full.items() if pair in found and found[pair].suspended_at is None}
