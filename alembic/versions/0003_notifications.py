"""Notifications in groups, their policy and requests, and what they can be about besides a post."""

from alembic import op

from storage import migrations

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    migrations.run(op, "0003_notifications.sql")
