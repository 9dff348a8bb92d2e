"""Emoji reactions."""

from alembic import op

from storage import migrations

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    migrations.run(op, "0015_reactions.sql")
