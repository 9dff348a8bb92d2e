"""Processes share how often somebody has called."""

from alembic import op

from storage import migrations

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    migrations.run(op, "0002_rate_limits.sql")
