"""Answering, favouriting and boosting a post, from a page with it."""

import secrets
from typing import Literal

import msgspec
from starlette.responses import Response

from fedi import access, entities, errors, i18n
from fedi.context import App
from fedi.http.endpoint import OPEN, Call, Endpoint, post
from fedi.services import boosts, interactions, statuses
from fedi.services.drafts import Draft
from fedi.text import counting
from fedi.web import pages
from fedi.web.interaction import who
from fedi.web.pages import Page
from storage import tallies, users
from storage.visibility import NAMES

_ = i18n.gettext


class Form(msgspec.Struct, frozen=True, kw_only=True):
    do: Literal["favourite", "unfavourite", "boost", "unboost"]
    form_token: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    text: str = ""
    warning: str = ""
    key: str = ""  # the same for every sending of one form
    form_token: str = ""


async def show(
    page: Page,
    user: users.User,
    status_id: int,
    *,
    sent: int | None = None,
    answer: Answer | None = None,
    error: str = "",
    status: int = 200,
) -> Response:
    viewer_id = user.account_id
    async with page.call.read() as conn:
        row = await access.proper_status(conn, viewer_id, status_id)
        loaded = await entities.statuses(page.app, conn, [row.id, *([sent] if sent else [])], viewer_id)
        known = await tallies.known(conn, [row.id])
        (tie,) = await entities.relationships(conn, viewer_id, [row.account_id])
    if not loaded or loaded[0].id != str(row.id):
        raise errors.NotFound
    subject, own = loaded[0], str(viewer_id)
    answers = [one for one in loaded[1:] if one.account.id == own and one.in_reply_to_id == subject.id]
    shared = subject.visibility in ("public", "unlisted")
    return page.html(
        "interaction/status.html",
        status=status,
        subject=subject,
        known={str(status_id): counts for status_id, counts in known.items()},
        id=row.id,
        may_boost=shared or (subject.visibility == "private" and subject.account.id == own),
        may_follow=row.account_id != viewer_id and not (tie.following or tie.requested or tie.blocked_by),
        answers=answers,
        text=answer.text if answer else _mentions(subject, own),
        warning=answer.warning if answer else subject.spoiler_text,
        key=(answer.key if answer else "") or secrets.token_urlsafe(16),
        error=error,
    )


def _mentions(subject: entities.Status, own: str) -> str:
    """How an answer begins: everybody who takes part."""
    people = [(subject.account.id, subject.account.acct), *((each.id, each.acct) for each in subject.mentions)]
    named = dict.fromkeys(f"@{acct} " for ident, acct in people if ident != own)
    return "".join(named)


async def act(page: Page, call: Call[Form]) -> Response:
    user = who.somebody(page)
    if isinstance(user, Response):
        return user
    status_id, acting = call.id(), who.acting(user)
    if not page.genuine(call.params.form_token):
        return await show(page, user, status_id, error=pages.stale(), status=422)
    try:
        match call.params.do:
            case "favourite":
                await interactions.favourite(call.app, acting, status_id)
            case "unfavourite":
                await interactions.unfavourite(call.app, acting, status_id)
            case "boost":
                await boosts.add(call.app, acting, status_id, None)
            case "unboost":
                await boosts.remove(call.app, acting, status_id)
    except errors.Forbidden as exc:
        return await show(page, user, status_id, error=who.refusal(), status=exc.status)
    async with call.read() as conn:
        row = await access.proper_status(conn, user.account_id, status_id)
    return pages.redirect(who.address(row.uri))


async def answer(page: Page, call: Call[Answer]) -> Response:
    """Post it as the post that it answers was: as public, or as private."""
    user = who.somebody(page)
    if isinstance(user, Response):
        return user
    params, status_id = call.params, call.id()
    if not page.genuine(params.form_token):
        return await show(page, user, status_id, answer=params, error=pages.stale(), status=422)
    who.limit(page, user)
    async with call.read() as conn:
        row = await access.proper_status(conn, user.account_id, status_id)
        subject = await entities.status(call.app, conn, row.id, user.account_id)
    if fault := _fault(call.app, params, _mentions(subject, str(user.account_id))):
        return await show(page, user, status_id, answer=params, error=fault, status=422)
    draft = Draft(
        status=params.text,
        spoiler_text=params.warning,
        visibility=NAMES[row.visibility],
        in_reply_to_id=subject.id,
    )
    try:
        sent = await statuses.publish(call.app, who.acting(user), draft, key=params.key or None)
    except errors.Invalid as exc:
        return await show(page, user, status_id, answer=params, error=_(exc.message), status=exc.status)
    return pages.redirect(f"{who.address(row.uri)}&sent={sent}")


def _fault(app: App, params: Answer, mentions: str) -> str:
    """What is wrong with an answer, in the person's language."""
    if params.text.strip() in ("", mentions.strip()):
        return _("Write something first.")
    most = app.settings.max_status_chars
    if counting.characters(params.text, params.warning) > most:
        return _("This is too long. A post has at most %s characters.") % most
    return ""


ROUTES: list[Endpoint] = [
    post(f"{who.PATH}/statuses/:id", pages.page(act), access=OPEN, params=Form),
    post(f"{who.PATH}/statuses/:id/replies", pages.page(answer), access=OPEN, params=Answer),
]
