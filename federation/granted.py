"""Our consent to favourites, answers and boosts, for whoever wants to see that it is genuine."""

from starlette.requests import Request
from starlette.responses import Response

from federation import uris
from federation.context import Fed
from federation.documents import local
from federation.serving import Hidden, document, missing, visitor
from federation.vocab import consent
from storage import approvals, ids, statuses
from storage.visibility import PRIVATE


async def interaction_stamp(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    """The stamp that says that somebody may do what they asked for with one of our posts. Of a post that is not for
    everybody it is for its readers: it would tell that there is such a post."""
    stamp_id = ids.parse(path["id"])
    account = await local(fed, path["username"])
    if stamp_id is None or account is None:
        return missing()
    async with fed.db.read() as conn:
        row = await approvals.stamp_by_id(conn, stamp_id)
    private = row is not None and row.visibility >= PRIVATE
    try:
        guest = await visitor(fed, request, ask=private or fed.site.mode == "allowlist")
    except Hidden:
        return missing()
    if row is None or row.account_id != account.id:
        return missing()
    async with fed.db.read() as conn:
        if private and not await statuses.visible(conn, guest.account_id, [row.status_id]):
            return missing()
    uri = uris.interaction_stamp(account.uri, row.id)
    stamp = consent.Stamp(
        id=uri, type=row.type, author=account.uri, interacting=row.interacting_uri, target=row.target_uri
    )
    return document(consent.render(stamp), private=private)
