"""The short address of an invitation: a form for people, a few words for apps that can sign up by themselves."""

from urllib.parse import quote

import msgspec
from starlette.responses import Response

from fedi import errors
from fedi.http.endpoint import OPEN, Call, Endpoint, NoParams, get
from fedi.web import pages
from storage import invites


class Invite(msgspec.Struct, frozen=True):
    invite_code: str
    instance_api_url: str


async def show(call: Call[NoParams]) -> Invite | Response:
    """The same address answers both: https://docs.joinmastodon.org/methods/accounts/#invites"""
    code = call.path["code"]
    call.headers["Vary"] = "Accept"
    if "application/json" not in call.request.headers.get("accept", ""):
        return pages.redirect(f"/auth/sign_up?invite={quote(code, safe='')}")
    async with call.read() as conn:
        found = await invites.by_code(conn, code)
    if found is None:
        raise errors.Unauthorized("The invite code is invalid")
    return Invite(found.code, f"{call.app.settings.base_url}/api/v2/instance")


ROUTES: list[Endpoint] = [get("/invite/:code", show, access=OPEN)]
