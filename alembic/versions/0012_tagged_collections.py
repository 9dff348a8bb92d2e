"""Posts that share collections, and reports about collections."""

from alembic import op

from storage import migrations

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    migrations.run(op, "0012_tagged_collections.sql")
