"""Whole conversations: what others claim, what is looked at again, how much may be fetched; marks of domain rules."""

from alembic import op

from storage import migrations

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    migrations.run(op, "0018_conversations.sql")
