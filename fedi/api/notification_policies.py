"""Whose notifications a person wants, in the two forms that apps know."""

import msgspec

from fedi.api.notifications import READ, WRITE
from fedi.context import App
from fedi.entities.notification_policy import NotificationPolicy, V1NotificationPolicy, build, v1
from fedi.http.endpoint import Call, NoParams, User, get, patch, put
from storage import notification_policies, notification_requests
from storage.notification_policies import Choice, Policy


class PolicyParams(msgspec.Struct, frozen=True, kw_only=True):
    for_not_following: Choice | None = None
    for_not_followers: Choice | None = None
    for_new_accounts: Choice | None = None
    for_private_mentions: Choice | None = None
    for_limited_accounts: Choice | None = None
    for_bots: Choice | None = None


class V1PolicyParams(msgspec.Struct, frozen=True, kw_only=True):
    filter_not_following: bool | None = None
    filter_not_followers: bool | None = None
    filter_new_accounts: bool | None = None
    filter_private_mentions: bool | None = None


async def show(call: Call[NoParams]) -> NotificationPolicy:
    return build(*await _read(call.app, call.user))


async def show_v1(call: Call[NoParams]) -> V1NotificationPolicy:
    return v1(*await _read(call.app, call.user))


async def update(call: Call[PolicyParams]) -> NotificationPolicy:
    given = msgspec.structs.asdict(call.params)
    return build(*await _write(call.app, call.user, {name: value for name, value in given.items() if value}))


async def update_v1(call: Call[V1PolicyParams]) -> V1NotificationPolicy:
    choices: dict[str, Choice] = {}
    for name, value in msgspec.structs.asdict(call.params).items():
        if value is not None:
            choices[name.replace("filter_", "for_")] = "filter" if value else "accept"
    return v1(*await _write(call.app, call.user, choices))


async def _read(app: App, me: User) -> tuple[Policy, tuple[int, int]]:
    async with app.db.read() as conn:
        policy = await notification_policies.read(conn, me.account_id)
        return policy, await notification_requests.pending(conn, me.account_id)


async def _write(app: App, me: User, choices: dict[str, Choice]) -> tuple[Policy, tuple[int, int]]:
    async with app.db.transaction() as conn:
        policy = await notification_policies.write(conn, me.account_id, choices)
        return policy, await notification_requests.pending(conn, me.account_id)


ROUTES = [
    get("/api/v2/notifications/policy", show, access=READ),
    patch("/api/v2/notifications/policy", update, access=WRITE, params=PolicyParams),
    put("/api/v2/notifications/policy", update, access=WRITE, params=PolicyParams),
    get("/api/v1/notifications/policy", show_v1, access=READ),
    patch("/api/v1/notifications/policy", update_v1, access=WRITE, params=V1PolicyParams),
    put("/api/v1/notifications/policy", update_v1, access=WRITE, params=V1PolicyParams),
]
