"""One's own account: who am I, and changing what others see of it. `/profile` is the newer form of the same."""

from typing import Any, Literal

import msgspec
from starlette.datastructures import UploadFile

from fedi import entities
from fedi.entities.account import CredentialAccount
from fedi.entities.profile import Profile
from fedi.http.endpoint import Call, NoParams, delete, get, patch, put, user
from fedi.services import profile
from storage.quote_policies import Name


class Line(msgspec.Struct, frozen=True):
    name: str = ""
    value: str = ""


class SourceParams(msgspec.Struct, frozen=True):
    privacy: Literal["public", "unlisted", "private", "direct"] | None = None
    sensitive: bool | None = None
    language: str | None = None
    quote_policy: Name | None = None


class UpdateParams(msgspec.Struct, frozen=True):
    """What is not given stays."""

    display_name: str | None = None
    note: str | None = None
    avatar: UploadFile | None = None
    avatar_description: str | None = None
    header: UploadFile | None = None
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
    fields_attributes: list[Line] | None = None
    source: SourceParams = SourceParams()


async def verify(call: Call[Any]) -> CredentialAccount:
    """Who the token speaks for; and the answer to every change here."""  # Any: whatever its parameters were
    async with call.read() as conn:
        return await entities.credential_account(call.app, conn, call.user.account_id, call.user.user_id)


async def update(call: Call[UpdateParams]) -> CredentialAccount:
    await _update(call)
    return await verify(call)


async def show(call: Call[Any]) -> Profile:
    """As typed, for the form that edits it; and the answer to a change."""  # Any: whatever its parameters were
    async with call.read() as conn:
        return await entities.profile(call.app, conn, call.user.account_id)


async def edit(call: Call[UpdateParams]) -> Profile:
    await _update(call)
    return await show(call)


async def _update(call: Call[UpdateParams]) -> None:
    params = call.params
    lines = params.fields_attributes
    await profile.update(
        call.app,
        call.user,
        profile.Changes(
            display_name=params.display_name,
            note=params.note,
            fields=None if lines is None else [profile.Line(line.name, line.value) for line in lines],
            avatar=await _bytes(params.avatar),
            avatar_description=params.avatar_description,
            header=await _bytes(params.header),
            header_description=params.header_description,
            locked=params.locked,
            bot=params.bot,
            discoverable=params.discoverable,
            indexable=params.indexable,
            hide_collections=params.hide_collections,
            show_media=params.show_media,
            show_media_replies=params.show_media_replies,
            show_featured=params.show_featured,
            attribution_domains=params.attribution_domains,
            privacy=params.source.privacy,
            sensitive=params.source.sensitive,
            language=params.source.language,
            quote_policy=params.source.quote_policy,
        ),
    )


async def _bytes(upload: UploadFile | None) -> bytes | None:
    return None if upload is None else await upload.read()


async def remove_avatar(call: Call[NoParams]) -> CredentialAccount:
    await profile.remove_avatar(call.app, call.user)
    return await verify(call)


async def remove_header(call: Call[NoParams]) -> CredentialAccount:
    await profile.remove_header(call.app, call.user)
    return await verify(call)


_UPDATE = "/api/v1/accounts/update_credentials"

ROUTES = [
    get("/api/v1/accounts/verify_credentials", verify, access=user("profile|read:accounts")),
    patch(_UPDATE, update, access=user("write:accounts"), params=UpdateParams, limit="profile"),
    put(_UPDATE, update, access=user("write:accounts"), params=UpdateParams, limit="profile"),
    get("/api/v1/profile", show, access=user("profile|read:accounts")),
    patch("/api/v1/profile", edit, access=user("write:accounts"), params=UpdateParams, limit="profile"),
    put("/api/v1/profile", edit, access=user("write:accounts"), params=UpdateParams, limit="profile"),
    delete("/api/v1/profile/avatar", remove_avatar, access=user("write:accounts")),
    delete("/api/v1/profile/header", remove_header, access=user("write:accounts")),
]
