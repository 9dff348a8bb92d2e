"""Who posts, and what they get where their draft says nothing."""

import msgspec

from fedi.services import drafts
from fedi.services.drafts import Draft
from storage import account_settings, accounts
from storage.accounts import Account
from storage.db import Conn
from storage.errors import Missing
from storage.visibility import NAMES, PUBLIC, UNLISTED, number


class Author(msgspec.Struct, frozen=True):
    """An account of ours, how it posts by default, and through which application it does now."""

    account: Account
    settings: account_settings.Settings
    application_id: int | None
    locale: str


async def load(conn: Conn, account_id: int, *, application_id: int | None, locale: str) -> Author:
    """`locale` is that of the login."""
    account = await accounts.by_id(conn, account_id)
    settings = await account_settings.by_account(conn, account_id)
    if account is None or settings is None or not account.is_local:
        raise Missing("The account is gone")
    return Author(account, settings, application_id, locale)


def visibility(author: Author, draft: Draft) -> int:
    """Whoever is limited by the moderators does not reach the public timelines."""
    value = number(draft.visibility) if draft.visibility else NAMES.index(author.settings.default_privacy)
    return UNLISTED if value == PUBLIC and author.account.silenced_at is not None else value


def is_sensitive(author: Author, draft: Draft) -> bool:
    return author.settings.default_sensitive if draft.sensitive is None else draft.sensitive


def language(author: Author, draft: Draft) -> str | None:
    return drafts.language_of(draft.language, author.settings.default_language, author.locale)
