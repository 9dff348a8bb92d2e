"""The only ways to get a row on behalf of a viewer. What is hidden from them is missing to them: both are `NotFound`.

Acting on something asks here first, reading it too. Lists of statuses are filtered by `entities` once more.
"""

from collections.abc import Sequence

from federation.context import INSTANCE_ACTOR_ID
from fedi import errors
from storage import accounts as account_rows
from storage import collections, lists, statuses
from storage import media as media_rows
from storage.db import Conn


async def visible_status(conn: Conn, viewer_id: int | None, status_id: int) -> statuses.Status:
    """A status or a boost that the viewer (None: the public) may read."""
    found = await statuses.visible_rows(conn, viewer_id, [status_id])
    if not found:
        raise errors.NotFound
    return found[0]


async def visible_statuses(conn: Conn, viewer_id: int | None, status_ids: Sequence[int]) -> list[int]:
    """Those of the ids the viewer may read, in the order given."""
    return await statuses.visible(conn, viewer_id, status_ids)


async def proper_status(conn: Conn, viewer_id: int | None, status_id: int) -> statuses.Status:
    """What is meant when somebody acts on a status: of a boost, the boosted one."""
    status = await visible_status(conn, viewer_id, status_id)
    return status if status.reblog_of_id is None else await visible_status(conn, viewer_id, status.reblog_of_id)


async def own_status(conn: Conn, account_id: int, status_id: int) -> statuses.Status:
    """A status of the account itself."""
    status = await statuses.by_id(conn, status_id)
    if status is None or status.account_id != account_id:
        raise errors.NotFound
    return status


async def account(conn: Conn, viewer_id: int | None, account_id: int) -> account_rows.Account:
    """Anybody but the instance actor. Also somebody suspended: their entity is empty, and so are their lists."""
    del viewer_id  # Nobody is hidden from anybody yet; every caller says who looks, so that this is decided here.
    found = None if account_id == INSTANCE_ACTOR_ID else await account_rows.by_id(conn, account_id)
    if found is None:
        raise errors.NotFound
    return found


async def active_account(conn: Conn, viewer_id: int | None, account_id: int) -> account_rows.Account:
    """Somebody to follow, mention or write to: not suspended."""
    found = await account(conn, viewer_id, account_id)
    if found.suspended_at is not None:
        raise errors.NotFound
    return found


async def accounts(conn: Conn, viewer_id: int | None, account_ids: Sequence[int]) -> list[int]:
    """Those of the ids that `account` would find, in the order given."""
    del viewer_id  # As in `account`.
    found = await account_rows.by_ids(conn, account_ids)
    return [each for each in dict.fromkeys(account_ids) if each in found and each != INSTANCE_ACTOR_ID]


async def own_media(conn: Conn, account_id: int, media_id: int) -> media_rows.Media:
    """An attachment the account has uploaded."""
    found = await media_rows.own(conn, account_id, [media_id])
    if media_id not in found:
        raise errors.NotFound
    return found[media_id]


async def own_list(conn: Conn, account_id: int, list_id: int) -> lists.List:
    """A list of the account's."""
    found = await lists.own(conn, account_id, list_id)
    if found is None:
        raise errors.NotFound
    return found


async def collection(conn: Conn, viewer_id: int | None, collection_id: int) -> collections.Collection:
    """Anybody's, for whom its maker has not blocked."""
    found = await collections.visible(conn, viewer_id, [collection_id])
    if not found:
        raise errors.NotFound
    return found[0]


async def shared_collections(
    conn: Conn, viewer_id: int | None, urls: Sequence[str]
) -> dict[str, collections.Collection]:
    """Those that the viewer may see, by the address that names them."""
    return await collections.visible_by_urls(conn, viewer_id, urls) if urls else {}


async def visible_collections(
    conn: Conn, viewer_id: int, collection_ids: Sequence[int]
) -> list[collections.Collection]:
    """Those of the ids that the viewer may see, in no order."""
    return await collections.visible(conn, viewer_id, collection_ids) if collection_ids else []


async def own_collection(conn: Conn, account_id: int, collection_id: int) -> collections.Collection:
    """One that the account has made. Of others everybody knows that they exist, but nobody changes them."""
    found = await collection(conn, account_id, collection_id)
    if found.account_id != account_id:
        raise errors.Forbidden
    return found
