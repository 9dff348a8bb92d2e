"""Accounts and what stands between them: ids in, entities out."""

from collections.abc import Sequence

from fedi import errors
from fedi.context import App
from fedi.entities import bundle, dates
from fedi.entities.account import Account, CredentialAccount, Field, Preferences, Role, credentials
from fedi.entities.bundle import Wanted
from fedi.entities.relationship import Parts as RelationshipParts
from fedi.entities.relationship import Relationship
from fedi.entities.relationship import build as build_relationship
from storage import accounts as account_rows
from storage import bundles, roles
from storage import relationships as relationship_rows
from storage.db import Conn


async def accounts(app: App, conn: Conn, ids: Sequence[int], viewer_id: int | None = None) -> list[Account]:
    """In the order given, without those that are gone. Suspended ones are there, emptied. `viewer_id` None: as
    everybody sees them."""
    loaded = await bundle.load(app, conn, viewer_id, Wanted(account_ids=ids))
    return [loaded.accounts[account_id] for account_id in ids if account_id in loaded.accounts]


async def account(app: App, conn: Conn, account_id: int, viewer_id: int | None = None) -> Account:
    """`NotFound` when there is none."""
    found = await accounts(app, conn, [account_id], viewer_id)
    if not found:
        raise errors.NotFound
    return found[0]


async def credential_account(app: App, conn: Conn, account_id: int, user_id: int) -> CredentialAccount:
    """The account as its owner sees it."""
    row = await account_rows.by_id(conn, account_id)
    own = await bundles.credentials(conn, account_id)
    held = await roles.of_user(conn, user_id)
    if row is None or own is None or held is None:
        raise errors.NotFound
    preferences = Preferences(
        privacy=own.default_privacy,
        sensitive=own.default_sensitive,
        language=own.default_language,
        note=row.note_source or "",
        fields=tuple(source_field(each) for each in account_rows.fields_of(row)),
        follow_requests=own.follow_requests,
        attribution_domains=tuple(row.attribution_domains),
        quote_policy=own.default_quote_policy,
    )
    return credentials(await account(app, conn, account_id, account_id), preferences, role=role(held))


def role(row: roles.Role) -> Role:
    """Of a user, as their client is told."""
    return Role(
        id=str(row.id),
        name=row.label,
        permissions=str(row.permissions),
        color=row.color,
        highlighted=row.highlighted,
        collection_limit=row.collection_limit,
    )


def source_field(field: account_rows.Field) -> Field:
    """As typed, for the form that edits it."""
    verified_at = None if field.verified_at is None else dates.timestamp(field.verified_at)
    return Field(field.name, field.value if field.source is None else field.source, verified_at)


async def relationships(conn: Conn, viewer_id: int, ids: Sequence[int]) -> list[Relationship]:
    """In the order given, without ids of no account."""
    rows = await relationship_rows.between(conn, viewer_id, ids)
    return [_relationship(rows[account_id]) for account_id in dict.fromkeys(ids) if account_id in rows]


def _relationship(row: relationship_rows.Relationship) -> Relationship:
    return build_relationship(
        RelationshipParts(
            id=row.id,
            following=row.following,
            requested=row.requested,
            showing_reblogs=row.show_reblogs is True,
            notifying=row.notify is True,
            languages=None if row.languages is None else tuple(row.languages),
            followed_by=row.followed_by,
            requested_by=row.requested_by,
            blocking=row.blocking,
            blocked_by=row.blocked_by,
            muting=row.muting,
            muting_notifications=row.hide_notifications is True,
            muting_expires_at=row.mute_expires_at,
            domain_blocking=row.domain_blocking,
            endorsed=row.endorsed,
            note=row.note,
        )
    )
