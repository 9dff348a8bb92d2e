"""Lists and who is on them. What somebody keeps on an exclusive list, their home does not show."""

from collections.abc import Sequence

from fedi import access, errors
from fedi.context import App
from fedi.http.endpoint import User
from fedi.text import compose
from storage import homes, jobs, lists
from storage.db import Conn
from storage.lists import List, RepliesPolicy

MAX_LISTS = 50
MAX_TITLE_CHARS = 256


async def create(app: App, user: User, *, title: str, replies_policy: RepliesPolicy | None, exclusive: bool) -> List:
    async with app.db.transaction() as conn:
        return await lists.create(
            conn,
            account_id=user.account_id,
            title=_title(title),
            replies_policy=replies_policy or "list",
            exclusive=exclusive,
            most=MAX_LISTS,
        )


async def update(
    app: App,
    user: User,
    list_id: int,
    *,
    title: str | None,
    replies_policy: RepliesPolicy | None,
    exclusive: bool | None,
) -> List:
    """None stays as it is."""
    title = None if title is None else _title(title)
    async with app.db.transaction() as conn:
        known = await access.own_list(conn, user.account_id, list_id)
        changed = await lists.update(conn, list_id, title=title, replies_policy=replies_policy, exclusive=exclusive)
        if changed.exclusive and not known.exclusive:
            await homes.remove_exclusive(conn, user.account_id)
        elif known.exclusive and not changed.exclusive:
            await _rebuild_home(conn, user.account_id)
        return changed


async def delete(app: App, user: User, list_id: int) -> None:
    async with app.db.transaction() as conn:
        known = await access.own_list(conn, user.account_id, list_id)
        await lists.delete(conn, user.account_id, list_id)
        if known.exclusive:
            await _rebuild_home(conn, user.account_id)


async def add(app: App, user: User, list_id: int, member_ids: Sequence[int]) -> None:
    """`NotFound`, and nobody is added, when one of them is not followed."""
    async with app.db.transaction() as conn:
        known = await access.own_list(conn, user.account_id, list_id)
        if await lists.eligible(conn, user.account_id, member_ids) != set(member_ids):
            raise errors.NotFound
        await lists.add(conn, list_id, list(dict.fromkeys(member_ids)))
        if known.exclusive:
            await homes.remove_exclusive(conn, user.account_id)


async def remove(app: App, user: User, list_id: int, member_ids: Sequence[int]) -> None:
    """Who is not on it need not go."""
    async with app.db.transaction() as conn:
        known = await access.own_list(conn, user.account_id, list_id)
        await lists.remove(conn, list_id, member_ids)
        if known.exclusive:
            await _rebuild_home(conn, user.account_id)


def _title(title: str) -> str:
    title = compose.single_line(title)
    if not title:
        raise errors.Invalid("Title can't be blank")
    if len(title) > MAX_TITLE_CHARS:
        raise errors.Invalid(f"Title is too long (maximum is {MAX_TITLE_CHARS} characters)")
    return title


async def _rebuild_home(conn: Conn, account_id: int) -> None:
    """Fill in what an exclusive list kept out."""
    await jobs.enqueue(conn, "rebuild_home", {"account_id": account_id}, queue="slow", key=str(account_id))
