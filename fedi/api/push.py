"""The push subscription of the token that asks: each has one at most."""

from typing import Any

import msgspec

from fedi.auth import vapid
from fedi.entities.push_subscription import ALERTS, WebPushSubscription, build
from fedi.http.endpoint import Call, Endpoint, NoParams, delete, get, patch, post, put, user
from fedi.services import push as service
from fedi.services.push import Policy, Wishes
from storage import push_subscriptions
from storage.push_subscriptions import Subscription

PUSH = user("push")
PATH = "/api/v1/push/subscription"


class Keys(msgspec.Struct, frozen=True):
    p256dh: str
    auth: str


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """Without `standard` messages are encrypted as before RFC 8291, which older clients expect."""

    endpoint: str
    keys: Keys
    standard: bool = False


class Alerts(msgspec.Struct, frozen=True, rename={"admin_sign_up": "admin.sign_up", "admin_report": "admin.report"}):
    mention: bool = False
    status: bool = False
    reblog: bool = False
    follow: bool = False
    follow_request: bool = False
    favourite: bool = False
    poll: bool = False
    update: bool = False
    quote: bool = False
    quoted_update: bool = False
    added_to_collection: bool = False
    collection_update: bool = False
    admin_sign_up: bool = False
    admin_report: bool = False


class What(msgspec.Struct, frozen=True):
    alerts: Alerts | None = None
    policy: Policy | None = None


class New(msgspec.Struct, frozen=True, kw_only=True):
    """Some clients put `policy` outside of `data`."""

    subscription: Where
    data: What = What()
    policy: Policy | None = None


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What is not given stays, but alerts are given all at once."""

    data: What = What()
    policy: Policy | None = None


def _names(alerts: Alerts) -> list[str]:
    chosen = msgspec.to_builtins(alerts)
    return [name for name in ALERTS if chosen[name]]


def _shown(call: Call[Any], row: Subscription) -> WebPushSubscription:
    return build(
        row.id,
        endpoint=row.endpoint,
        standard=row.standard,
        alerts=row.alerts,
        policy=row.policy,
        server_key=vapid.public_key(call.app),
    )


def _token_id(call: Call[Any]) -> int:
    """Of the token: a browser on our own pages has none, but cannot come here either."""
    token_id = call.user.token_id
    assert token_id is not None
    return token_id


async def show(call: Call[NoParams]) -> WebPushSubscription:
    async with call.read() as conn:
        return _shown(call, await push_subscriptions.of_token(conn, _token_id(call)))


async def create(call: Call[New]) -> WebPushSubscription:
    where, what = call.params.subscription, call.params.data
    wishes = Wishes(
        endpoint=where.endpoint,
        p256dh=where.keys.p256dh,
        auth=where.keys.auth,
        standard=where.standard,
        alerts=_names(what.alerts or Alerts()),
        policy=what.policy or call.params.policy or "all",
    )
    row = await service.subscribe(
        call.app, account_id=call.user.account_id, token_id=_token_id(call), token=call.shown_token, wishes=wishes
    )
    return _shown(call, row)


async def update(call: Call[Changes]) -> WebPushSubscription:
    what = call.params.data
    async with call.app.db.transaction() as conn:
        row = await push_subscriptions.change(
            conn,
            _token_id(call),
            alerts=None if what.alerts is None else _names(what.alerts),
            policy=what.policy or call.params.policy,
        )
    return _shown(call, row)


async def remove(call: Call[NoParams]) -> None:
    async with call.app.db.transaction() as conn:
        await push_subscriptions.end(conn, [_token_id(call)])


ROUTES: list[Endpoint] = [
    get(PATH, show, access=PUSH),
    post(PATH, create, access=PUSH, params=New),
    put(PATH, update, access=PUSH, params=Changes),
    patch(PATH, update, access=PUSH, params=Changes),
    delete(PATH, remove, access=PUSH),
]
