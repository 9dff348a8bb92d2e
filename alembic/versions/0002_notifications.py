"""Notifications in groups, their policy and requests, and what they can be about besides a post."""

from alembic import op

from storage import migrations

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    migrations.run(op, "0002_notifications.sql")
