"""Accounts that move, relays, communities that posts belong to, hashtags that others feature."""

from alembic import op

from storage import migrations

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    migrations.run(op, "0016_actors.sql")
