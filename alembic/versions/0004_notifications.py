"""Notifications in groups, their policy and requests, and what they can be about besides a post."""

from alembic import op

from storage import migrations

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    migrations.run(op, "0004_notifications.sql")
