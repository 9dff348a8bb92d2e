"""What somebody wrote down about somebody else, for their own eyes."""

from storage.db import Conn


async def write(conn: Conn, account_id: int, target_id: int, comment: str) -> None:
    """An empty comment removes the note."""
    if comment:
        await conn.execute(
            """
            insert into account_notes (account_id, target_id, comment) values ($1, $2, $3)
            on conflict (account_id, target_id) do update set comment = excluded.comment
            """,
            account_id, target_id, comment,
        )  # fmt: skip
    else:
        await conn.execute("delete from account_notes where account_id = $1 and target_id = $2", account_id, target_id)
