"""Queues that are fair: direct before bulk, servers in turn; posts that are held back; what an activity failed with."""

from alembic import op

from storage import migrations

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    migrations.run(op, "0017_delivery.sql")
