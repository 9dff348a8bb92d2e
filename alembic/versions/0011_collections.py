"""Collections: people whom somebody recommends, with the consent of each."""

from alembic import op

from storage import migrations

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    migrations.run(op, "0011_collections.sql")
