"""Whoever removes a row looks for all that name it: without an index that reads whole tables."""

import pytest

from storage.db import Database

pytestmark = pytest.mark.anyio

_WITHOUT_INDEX = """
    select c.conrelid::regclass || ' (' || a.attname || ')' from pg_constraint c
    join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
    where c.contype = 'f' and not exists (
        select from pg_index i where i.indrelid = c.conrelid and i.indkey[0] = any(c.conkey) and (
            i.indpred is null or pg_get_expr(i.indpred, i.indrelid) = '(' || a.attname || ' IS NOT NULL)'))
    order by 1
"""


async def test_every_foreign_key_has_an_index(database_url: str) -> None:
    db = await Database(database_url, size=1).open()
    try:
        async with db.read() as conn:
            keys: int = await conn.fetchval("select count(*) from pg_constraint where contype = 'f'")
            assert keys > 100
            assert [record[0] for record in await conn.fetch(_WITHOUT_INDEX)] == []
    finally:
        await db.close()
