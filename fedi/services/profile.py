"""What people say about themselves and how they post by default: checked, turned into HTML, stored."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from federation import uris
from fedi import errors
from fedi.context import App
from fedi.http.endpoint import User
from fedi.services import images
from fedi.text import compose, counting, emoji, language, mentions
from storage import account_settings, accounts, jobs, links, media
from storage.accounts import Account, Field
from storage.db import Conn
from storage.quote_policies import Name

# Announced in `configuration.accounts` of the instance.
MAX_DISPLAY_NAME_CHARS = 64
MAX_NOTE_CHARS = 1000
MAX_FIELDS = 6
MAX_FIELD_NAME_CHARS = 255
MAX_FIELD_VALUE_CHARS = 255
MAX_ATTRIBUTION_DOMAINS = 10

T = TypeVar("T")


class Line(msgspec.Struct, frozen=True):
    """A line of the profile as typed."""

    name: str = ""
    value: str = ""


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """As typed; None stays. Pictures are the bytes of the upload. `language` is "" for none."""

    display_name: str | None = None
    note: str | None = None
    fields: list[Line] | None = None
    avatar: bytes | None = None
    avatar_description: str | None = None
    header: bytes | None = None
    header_description: str | None = None
    locked: bool | None = None
    bot: bool | None = None
    discoverable: bool | None = None
    indexable: bool | None = None
    hide_collections: bool | None = None
    show_media: bool | None = None
    show_media_replies: bool | None = None
    show_featured: bool | None = None
    attribution_domains: list[str] | None = None
    privacy: str | None = None
    sensitive: bool | None = None
    language: str | None = None
    quote_policy: Name | None = None


async def update(app: App, user: User, changes: Changes) -> None:
    """`Invalid`, with `details` per field, when something cannot be."""
    changes = _tidy(changes)
    _check(changes, app.settings.media_description_max_chars)
    avatar = await images.avatar(app, changes.avatar) if changes.avatar else None
    header = await images.header(app, changes.header) if changes.header else None
    async with app.db.transaction() as conn:
        account = await _own(conn, user)
        texts = await _texts(conn, app, account, changes)
        await accounts.update_profile(conn, account.id, _profile(changes, texts, avatar, header))
        await account_settings.update(conn, account.id, _defaults(changes))
        if changes.fields:
            await jobs.enqueue(conn, links.JOB, {"account_id": account.id}, queue="slow", key=str(account.id))
        if avatar:
            await _discard(conn, account.avatar_file, account.avatar_static_file)
        if header:
            await _discard(conn, account.header_file, account.header_static_file)
        if account.locked and changes.locked is False:
            await jobs.enqueue(conn, "accept_follow_requests", {"account_id": account.id})


async def remove_avatar(app: App, user: User) -> None:
    """Back to the picture of those who have none."""
    async with app.db.transaction() as conn:
        account = await _own(conn, user)
        bare = accounts.Profile(avatar_file=None, avatar_static_file=None, avatar_description="")
        await accounts.update_profile(conn, account.id, bare)
        await _discard(conn, account.avatar_file, account.avatar_static_file)


async def remove_header(app: App, user: User) -> None:
    async with app.db.transaction() as conn:
        account = await _own(conn, user)
        bare = accounts.Profile(header_file=None, header_static_file=None, header_description="")
        await accounts.update_profile(conn, account.id, bare)
        await _discard(conn, account.header_file, account.header_static_file)


async def _own(conn: Conn, user: User) -> Account:
    account = await accounts.by_id(conn, user.account_id)
    if account is None:
        raise errors.NotFound
    return account


async def _discard(conn: Conn, *files: str | None) -> None:
    names = sorted({name for name in files if name})
    if names:
        await jobs.enqueue(conn, media.DELETE_JOB, {"names": names}, queue="slow")


def _tidy(changes: Changes) -> Changes:
    """Names on one line, empty lines of the table gone, domains and languages in their one spelling."""
    return msgspec.structs.replace(
        changes,
        display_name=None if changes.display_name is None else compose.single_line(changes.display_name),
        note=None if changes.note is None else changes.note.replace("\r\n", "\n").strip(),
        fields=None if changes.fields is None else list(_lines(changes.fields)),
        attribution_domains=None if changes.attribution_domains is None else _domains(changes.attribution_domains),
    )


def _lines(lines: Iterable[Line]) -> Iterable[Line]:
    for line in lines:
        name, value = compose.single_line(line.name), compose.single_line(line.value)
        if name or value:
            yield Line(name, value)


def _domains(domains: Iterable[str]) -> list[str]:
    """In lower case and ASCII; what cannot be a host stays as it is, for `_check` to find."""
    names = (domain.strip().removeprefix("https://").removeprefix("http://").rstrip("/") for domain in domains)
    return list(dict.fromkeys(mentions.normalise_domain(name) or name for name in names if name))


def _check(changes: Changes, max_description_chars: int) -> None:
    """Everything that is wrong at once, so that a form can show it beside its fields."""
    found = list(_mistakes(changes, max_description_chars))
    if not found:
        return
    details: dict[str, list[dict[str, str]]] = {}
    for field, code, words in found:
        details.setdefault(field, []).append({"error": code, "description": words})
    sentences = dict.fromkeys(f"{field.replace('_', ' ').capitalize()} {words}" for field, _, words in found)
    raise errors.Invalid(", ".join(sentences), extra={"details": details})


def _mistakes(changes: Changes, max_description_chars: int) -> Iterable[tuple[str, str, str]]:
    """(parameter, code, what is wrong with it)."""
    limited = (
        ("display_name", counting.graphemes(changes.display_name or ""), MAX_DISPLAY_NAME_CHARS),
        ("note", counting.characters(changes.note or ""), MAX_NOTE_CHARS),
        ("avatar_description", len(changes.avatar_description or ""), max_description_chars),
        ("header_description", len(changes.header_description or ""), max_description_chars),
    )
    for name, length, most in limited:
        if length > most:
            yield name, "ERR_TOO_LONG", f"is too long (maximum is {most} characters)"
    if len(changes.fields or ()) > MAX_FIELDS:
        yield "fields", "ERR_INVALID", f"are too many (maximum is {MAX_FIELDS})"
    for line in changes.fields or ():
        if (
            counting.graphemes(line.name) > MAX_FIELD_NAME_CHARS
            or counting.graphemes(line.value) > MAX_FIELD_VALUE_CHARS
        ):
            yield "fields", "ERR_TOO_LONG", f"are too long (maximum is {MAX_FIELD_VALUE_CHARS} characters)"
        if not line.name:
            yield "fields", "ERR_BLANK", "need a name"
    domains = changes.attribution_domains or ()
    if len(domains) > MAX_ATTRIBUTION_DOMAINS:
        yield "attribution_domains", "ERR_INVALID", f"are too many (maximum is {MAX_ATTRIBUTION_DOMAINS})"
    if any("." not in domain or mentions.normalise_domain(domain) is None for domain in domains):
        yield "attribution_domains", "ERR_INVALID", "hold something that is not a domain"
    if changes.language and language.normalise(changes.language) is None:
        yield "language", "ERR_INVALID", "is not a known language"


class _Texts(msgspec.Struct, frozen=True, kw_only=True):
    """What the profile says after the change, as HTML."""

    note: str
    fields: list[Field]
    emojis: list[str]


async def _texts(conn: Conn, app: App, account: Account, changes: Changes) -> _Texts:
    """Everything is rendered anew: the emoji of the parts that stay are needed too."""
    name = account.display_name if changes.display_name is None else changes.display_name
    note = (account.note_source or "") if changes.note is None else changes.note
    lines = changes.fields
    if lines is None:
        lines = [Line(field.name, field.source or "") for field in accounts.fields_of(account)]
    verified = {field.source: field.verified_at for field in accounts.fields_of(account)}
    typed = [note, *(line.value for line in lines)]
    people = await _mentioned(conn, app, typed)
    tag_url = partial(uris.tag_page, app.fed.site.base_url)
    return _Texts(
        note=compose.render(note, mentions=people, tag_url=tag_url),
        fields=[
            Field(
                line.name,
                compose.render_line(line.value, mentions=people, tag_url=tag_url),
                line.value,
                verified.get(line.value),
            )
            for line in lines
        ],
        emojis=emoji.shortcodes("\n".join([name, *typed, *(line.name for line in lines)])),
    )


async def _mentioned(conn: Conn, app: App, texts: Sequence[str]) -> dict[mentions.Handle, compose.Person]:
    """Those of the handles that are known here: nobody is looked up on other servers for a biography."""
    handles = [handle for text in texts for handle in compose.extract(text).mentions]
    if not handles:
        return {}
    pairs = {handle: (handle[0], app.fed.site.handle_domain(handle[1]).lower()) for handle in handles}
    found = await accounts.by_handles(conn, list(pairs.values()))
    people = {
        (row.username.lower(), row.domain.lower()): compose.Person(row.username, row.acct, row.url)
        for row in found
        if row.suspended_at is None and row.id > 0
    }
    return {handle: people[pair] for handle, pair in pairs.items() if pair in people}


def _profile(
    changes: Changes, texts: _Texts, avatar: images.Portrait | None, header: images.Portrait | None
) -> accounts.Profile:
    return accounts.Profile(
        display_name=_given(changes.display_name),
        note=UNSET if changes.note is None else texts.note,
        note_source=_given(changes.note),
        fields=UNSET if changes.fields is None else texts.fields,
        emojis=UNSET if (changes.display_name, changes.note, changes.fields) == (None,) * 3 else texts.emojis,
        avatar_file=avatar.file if avatar else UNSET,
        avatar_static_file=avatar.static_file if avatar else UNSET,
        avatar_description=_given(changes.avatar_description),
        header_file=header.file if header else UNSET,
        header_static_file=header.static_file if header else UNSET,
        header_description=_given(changes.header_description),
        locked=_given(changes.locked),
        bot=_given(changes.bot),
        type=UNSET if changes.bot is None else ("Service" if changes.bot else "Person"),
        discoverable=_given(changes.discoverable),
        indexable=_given(changes.indexable),
        hide_collections=_given(changes.hide_collections),
        show_media=_given(changes.show_media),
        show_media_replies=_given(changes.show_media_replies),
        show_featured=_given(changes.show_featured),
        attribution_domains=_given(changes.attribution_domains),
    )


def _defaults(changes: Changes) -> account_settings.Changes:
    return account_settings.Changes(
        default_privacy=_given(changes.privacy),
        default_sensitive=_given(changes.sensitive),
        default_language=UNSET if changes.language is None else language.normalise(changes.language),
        default_quote_policy=_given(changes.quote_policy),
    )


def _given(value: T | None) -> T | UnsetType:
    return UNSET if value is None else value
