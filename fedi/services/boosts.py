"""Boosting: sharing a post with one's followers, by a row of `statuses` that points to it."""

from typing import Literal

from federation import uris
from fedi import access, errors
from fedi.context import App
from fedi.http.endpoint import User
from fedi.services import holds, interactions
from storage import accounts, boosts, ids, statuses
from storage.visibility import DIRECT, PRIVATE, PUBLIC, UNLISTED, number

BoostVisibility = Literal["public", "unlisted", "private"]


async def add(app: App, user: User, status_id: int, visibility: BoostVisibility | None) -> int:
    """The id of the boost, new or not. A private post can be boosted by its author only, a direct one by nobody."""
    async with app.db.transaction() as conn:
        status = await interactions.applaudable(conn, user, status_id)
        holds.check_out(status)
        await interactions.permitted(conn, user.account_id, status, "announce")
        own = status.account_id == user.account_id
        if status.visibility == DIRECT or (status.visibility == PRIVATE and not own):
            raise errors.Forbidden
        account = await accounts.by_id(conn, user.account_id)
        if account is None:
            raise errors.NotFound
        chosen = number(visibility) if visibility else PUBLIC
        if status.visibility == PRIVATE:
            chosen = PRIVATE
        elif chosen == PUBLIC and account.silenced_at is not None:
            chosen = UNLISTED
        boost_id = await statuses.new_id(conn)
        uri = uris.status(account.uri, boost_id)
        boost_id, _ = await statuses.create(
            conn,
            statuses.New(
                id=boost_id,
                account_id=account.id,
                uri=uris.activity(uri),
                url=uris.activity(uri),
                is_local=True,
                visibility=chosen,
                created_at=ids.time_of(boost_id),
                reblog_of_id=status.id,
            ),
        )
    return boost_id


async def remove(app: App, user: User, status_id: int) -> int:
    """The id of the post that was boosted."""
    async with app.db.transaction() as conn:
        boost_id, boosted_id = await boosts.of_account(conn, user.account_id, status_id), status_id
        if boost_id is None:
            boosted_id = (await access.proper_status(conn, user.account_id, status_id)).id
            boost_id = await boosts.of_account(conn, user.account_id, boosted_id)
        if boost_id is not None:
            await statuses.delete(conn, boost_id)
    return boosted_id
