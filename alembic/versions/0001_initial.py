"""The first schema."""

from alembic import op

from storage import migrations

revision = "0001"
down_revision = None


def upgrade() -> None:
    migrations.run(op, "0001_initial.sql")
