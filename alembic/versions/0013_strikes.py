"""Appeals against strikes, and the list of follows that a block or a suspension ended."""

from alembic import op

from storage import migrations

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    migrations.run(op, "0013_strikes.sql")
