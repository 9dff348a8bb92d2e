"""Who may quote a post: what its author said, as bits, and what that comes to for one person."""

from typing import Literal

import msgspec

from storage.db import Conn
from storage.visibility import DIRECT, PRIVATE

Name = Literal["public", "followers", "nobody"]
Verdict = Literal["automatic", "manual", "denied", "unknown"]

PUBLIC, FOLLOWERS, FOLLOWING, OTHERS = 1, 2, 4, 8
NOBODY = 0

_BITS: dict[Name, int] = {"public": PUBLIC, "followers": FOLLOWERS, "nobody": NOBODY}


class Policy(msgspec.Struct, frozen=True):
    """`automatic`: who is allowed at once; None when the author's server says nothing about quotes. `manual`: who may
    ask."""

    automatic: int | None
    manual: int = NOBODY


class Standing(msgspec.Struct, frozen=True):
    """How somebody stands to the author of a post."""

    own: bool = False  # is the author
    follows: bool = False  # follows the author
    followed: bool = False  # is followed by the author


def bits(name: Name, visibility: int) -> int:
    """What a person here chose, as the column holds it. Posts for some only can be quoted by their author only."""
    return NOBODY if visibility >= PRIVATE else _BITS[name]


def verdict(policy: Policy, visibility: int, standing: Standing) -> Verdict:
    """Whether somebody who can read the post may quote it. Where an author's server says nothing about quotes, there is
    nobody to ask, and what is public may be quoted."""
    if visibility == DIRECT:
        return "denied"
    if standing.own:
        return "automatic"
    if visibility == PRIVATE:
        return "denied"
    return "automatic" if policy.automatic is None else judged(policy.automatic, policy.manual, standing)


def judged(automatic: int, manual: int, standing: Standing) -> Verdict:
    """What the bits come to for one person."""
    if _covers(automatic, standing):
        return "automatic"
    if _covers(manual, standing):
        return "manual"
    return "unknown" if (automatic | manual) & OTHERS else "denied"


def _covers(allowed: int, standing: Standing) -> bool:
    return bool(
        allowed & PUBLIC or (allowed & FOLLOWERS and standing.follows) or (allowed & FOLLOWING and standing.followed)
    )


async def standing(conn: Conn, account_id: int, author_id: int) -> Standing:
    record = await conn.fetchrow(
        """
        select $1::bigint = $2::bigint as own,
            exists (select from follows where account_id = $1 and target_id = $2) as follows,
            exists (select from follows where account_id = $2 and target_id = $1) as followed
        """,
        account_id, author_id,
    )  # fmt: skip
    return Standing() if record is None else Standing(*record.values())


async def change(conn: Conn, status_id: int, policy: Policy) -> bool:
    """Whether that is anything new."""
    record = await conn.fetchrow(
        """
        update statuses set quote_automatic = $2, quote_manual = $3
        where id = $1 and (quote_automatic, quote_manual) is distinct from ($2::smallint, $3::smallint) returning id
        """,
        status_id, policy.automatic, policy.manual,
    )  # fmt: skip
    return record is not None
