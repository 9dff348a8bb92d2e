"""Quotes: who quotes what, with whose consent, and who may quote a post."""

from alembic import op

from storage import migrations

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    migrations.run(op, "0007_quotes.sql")
