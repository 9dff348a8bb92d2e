"""A URI may be declared gone by several actors, each for itself."""

from alembic import op

from storage import migrations

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    migrations.run(op, "0003_federation.sql")
