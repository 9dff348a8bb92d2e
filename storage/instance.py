"""What the server as a whole is asked: which others it knows, and whom to write to."""

from storage.db import Conn


async def peers(conn: Conn) -> list[str]:
    """Domains that we know accounts of and have not suspended, in order.

    One step of the index a domain: counting distinct values would read every remote account.
    """
    records = await conn.fetch(
        """
        with recursive known as (
            (select lower(domain) as domain from accounts order by lower(domain) limit 1)
            union all
            select (select lower(a.domain) from accounts a where lower(a.domain) > k.domain
                order by lower(a.domain) limit 1)
            from known k where k.domain is not null)
        select k.domain from known k
        where k.domain is not null
            and exists (select from accounts a where lower(a.domain) = k.domain and not a.is_local)
            and not exists (select from domain_blocks b where b.domain = k.domain and b.severity = 'suspend')
        order by k.domain
        """
    )
    return [record[0] for record in records]


async def contact_id(conn: Conn) -> int | None:
    """The account of the first owner who can be reached."""
    account_id: int | None = await conn.fetchval(
        """
        select m.account_id from users u join memberships m on m.user_id = u.id and m.role = 'owner'
        join accounts a on a.id = m.account_id
        where u.role = 'owner' and u.disabled_at is null and a.suspended_at is null and not a.pending
        order by u.id, m.account_id limit 1
        """
    )
    return account_id
