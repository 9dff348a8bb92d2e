"""Signatures: how each server is signed for, and keys that take over from others."""

from alembic import op

from storage import migrations

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    migrations.run(op, "0014_signatures.sql")
