"""Indexes on what names rows that may go, and on the deliveries that somebody waits for."""

from alembic import op

from storage import migrations

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    migrations.run(op, "0020_indexes.sql")
