"""A post of ours in a frame of somebody else's page: no forms, no scripts, no cookies, whoever looks."""

from starlette.responses import HTMLResponse, Response

from fedi import access, entities, errors, i18n
from fedi.http.endpoint import OPEN, Call, Endpoint, NoParams, get
from fedi.http.middleware import FRAMED
from storage import accounts
from storage.visibility import UNLISTED


async def show(call: Call[NoParams]) -> Response:
    """What anybody may read; everything else is not there."""
    settings = call.app.settings
    async with call.read() as conn:
        row = await access.visible_status(conn, None, call.id())
        account = await accounts.by_handle(conn, call.path["username"], settings.account_domain)
        if account is None or row.account_id != account.id or row.reblog_of_id is not None or row.visibility > UNLISTED:
            raise errors.NotFound
        status = await entities.status(call.app, conn, row.id, None)
    i18n.use(i18n.choose(call.request.headers.get("accept-language", "")))
    text = call.app.templates.get_template("public/embed.html").render(user=None, subject=status)
    base = settings.base_url
    shown = f"{base} https: http:" if settings.allow_private_peers else f"{base} https:"  # as of all other pages
    return HTMLResponse(
        text,
        headers={
            "Cache-Control": "public, max-age=60",
            "Vary": "Accept-Language",
            "Content-Language": i18n.current(),
            "Content-Security-Policy": (
                f"default-src 'none'; style-src {base}; img-src {shown} data:; media-src {shown}; "
                f"base-uri 'none'; form-action 'none'; {FRAMED}; sandbox allow-popups "
                "allow-popups-to-escape-sandbox"
            ),
        },
    )


ROUTES: list[Endpoint] = [get("/@:username/:id/embed", show, access=OPEN)]
