"""Where other servers, and people with an address in hand, arrive to do something: follow an account, answer a post.

Our WebFinger names this page as the place for it: OStatus' subscribe template, and FEP-3b86 for any object.
"""

import secrets
from typing import Literal
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from federation import resolve
from fedi import access, entities, errors, i18n
from fedi.entities.status import Status
from fedi.http.endpoint import OPEN, Call, Endpoint, User, get, post
from fedi.http.limits import MINUTE, Limit
from fedi.services import boosts, follows, interactions, statuses
from fedi.services.drafts import Draft
from fedi.web import pages
from fedi.web.pages import Page
from storage import accounts, users
from storage import follows as rows
from storage.accounts import Account

_ = i18n.gettext

PATH = "/authorize_interaction"
# Each may ask another server.
PER_PERSON = Limit("interact_person", 60, 5 * MINUTE, "user")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    uri: str = ""
    acct: str = ""  # what some servers send instead
    sent: int | None = None  # one's own answer, just posted


def _somebody(page: Page, back: str) -> users.User | Response:
    """Who is signed in, or the page they need first."""
    if page.user is None:
        return pages.redirect(f"/auth/log_in?next={quote(back, safe='')}")
    return page.user if page.user.active else pages.redirect("/auth/welcome")


def _acting(user: users.User) -> User:
    return User(None, None, user.id, user.account_id, user.role, user.locale)


def _address(uri: str) -> str:
    return f"{PATH}?uri={quote(uri, safe='')}"


async def show(page: Page, call: Call[Asked]) -> Response:
    url = call.request.url
    user = _somebody(page, f"{url.path}?{url.query}" if url.query else url.path)
    if isinstance(user, Response):
        return user
    wanted = (call.params.uri or call.params.acct).strip()
    if not wanted:
        return _look_up(page)
    page.limit_key(PER_PERSON, f"user:{user.id}")
    found = await resolve.url(call.app.fed, wanted)
    if found is None:
        return _nothing(page, wanted)
    try:
        if isinstance(found, Account):
            return await _account(page, user, found.id)
        return await _status(page, user, found.id, sent=call.params.sent)
    except errors.NotFound:
        return _nothing(page, wanted)


def _look_up(page: Page, wanted: str = "", *, error: str = "", status: int = 200) -> Response:
    return page.html("interaction/look_up.html", status=status, wanted=wanted, error=error)


def _nothing(page: Page, wanted: str) -> Response:
    """The same whether it is not there, not for this person, or its server does not answer."""
    return _look_up(
        page, wanted, error=_("Nothing was found there that you may see, or its server did not answer."), status=404
    )


# ---------------------------------------------------------------- accounts


class AccountForm(msgspec.Struct, frozen=True, kw_only=True):
    do: Literal["follow", "unfollow"]
    form_token: str = ""


async def _account(page: Page, user: users.User, account_id: int, *, error: str = "", status: int = 200) -> Response:
    async with page.call.read() as conn:
        account = await access.active_account(conn, user.account_id, account_id)
        person = await entities.account(page.app, conn, account.id)
        (tie,) = await entities.relationships(conn, user.account_id, [account.id])
    return page.html(
        "interaction/account.html",
        status=status,
        person=person,
        handle=account.handle,
        tie=tie,
        myself=account.id == user.account_id,
        error=error,
    )


async def act_on_account(page: Page, call: Call[AccountForm]) -> Response:
    user = _somebody(page, PATH)
    if isinstance(user, Response):
        return user
    account_id = call.id()
    if not page.genuine(call.params.form_token):
        return await _account(page, user, account_id, error=pages.stale(), status=422)
    try:
        if call.params.do == "follow":
            await follows.follow(call.app, _acting(user), account_id, rows.Options())
        else:
            await follows.unfollow(call.app, _acting(user), account_id)
    except errors.Forbidden as exc:
        return await _account(page, user, account_id, error=_refusal(), status=exc.status)
    async with call.read() as conn:
        account = await accounts.by_id(conn, account_id)
    return pages.redirect(_address(account.uri) if account else PATH)


def _refusal() -> str:
    return _("This is not possible: one of you has blocked the other, or it is not for sharing.")


# ---------------------------------------------------------------- posts


class StatusForm(msgspec.Struct, frozen=True, kw_only=True):
    do: Literal["favourite", "unfavourite", "boost", "unboost"]
    form_token: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    text: str = ""
    warning: str = ""
    key: str = ""  # the same for every sending of one form
    form_token: str = ""


async def _status(
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
    if not loaded or loaded[0].id != str(row.id):
        raise errors.NotFound
    subject, own = loaded[0], str(viewer_id)
    answers = [one for one in loaded[1:] if one.account.id == own and one.in_reply_to_id == subject.id]
    shared = subject.visibility in ("public", "unlisted")
    return page.html(
        "interaction/status.html",
        status=status,
        subject=subject,
        id=row.id,
        may_boost=shared or (subject.visibility == "private" and subject.account.id == own),
        answers=answers,
        text=answer.text if answer else _mentions(subject, own),
        warning=answer.warning if answer else subject.spoiler_text,
        key=(answer.key if answer else "") or secrets.token_urlsafe(16),
        error=error,
    )


def _mentions(subject: Status, own: str) -> str:
    """How an answer begins: everybody who takes part."""
    people = [(subject.account.id, subject.account.acct), *((each.id, each.acct) for each in subject.mentions)]
    named = dict.fromkeys(f"@{acct} " for ident, acct in people if ident != own)
    return "".join(named)


async def act_on_status(page: Page, call: Call[StatusForm]) -> Response:
    user = _somebody(page, PATH)
    if isinstance(user, Response):
        return user
    status_id, acting = call.id(), _acting(user)
    if not page.genuine(call.params.form_token):
        return await _status(page, user, status_id, error=pages.stale(), status=422)
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
        return await _status(page, user, status_id, error=_refusal(), status=exc.status)
    async with call.read() as conn:
        row = await access.proper_status(conn, user.account_id, status_id)
    return pages.redirect(_address(row.uri))


async def answer(page: Page, call: Call[Answer]) -> Response:
    """Post it as the post that it answers was: as public, or as private."""
    user = _somebody(page, PATH)
    if isinstance(user, Response):
        return user
    params, status_id = call.params, call.id()
    if not page.genuine(params.form_token):
        return await _status(page, user, status_id, answer=params, error=pages.stale(), status=422)
    page.limit_key(PER_PERSON, f"user:{user.id}")
    async with call.read() as conn:
        row = await access.proper_status(conn, user.account_id, status_id)
        subject = await entities.status(call.app, conn, row.id, user.account_id)
    if not params.text.strip() or params.text.strip() == _mentions(subject, str(user.account_id)).strip():
        return await _status(page, user, status_id, answer=params, error=_("Write something first."), status=422)
    draft = Draft(
        status=params.text,
        spoiler_text=params.warning,
        visibility=subject.visibility,
        in_reply_to_id=subject.id,
    )
    try:
        sent = await statuses.publish(call.app, _acting(user), draft, key=params.key or None)
    except errors.Invalid as exc:
        return await _status(page, user, status_id, answer=params, error=_(exc.message), status=exc.status)
    return pages.redirect(f"{_address(row.uri)}&sent={sent}")


ROUTES: list[Endpoint] = [
    get(PATH, pages.page(show), access=OPEN, params=Asked),
    post(f"{PATH}/accounts/:id", pages.page(act_on_account), access=OPEN, params=AccountForm),
    post(f"{PATH}/statuses/:id", pages.page(act_on_status), access=OPEN, params=StatusForm),
    post(f"{PATH}/statuses/:id/replies", pages.page(answer), access=OPEN, params=Answer),
]
