"""Indexes on what names rows that may go, and on the deliveries that somebody waits for."""

from alembic import op

from storage import migrations

revision = "0024"
down_revision = "0019"


def upgrade() -> None:
    migrations.run(op, "0024_indexes.sql")
