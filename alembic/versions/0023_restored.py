"""A database that was put back from a backup knows it, and sends nothing before the operator says so."""

from alembic import op

from storage import migrations

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    migrations.run(op, "0023_restored.sql")
