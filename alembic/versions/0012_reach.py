"""Posts that share collections, readers by e-mail, and roles that operators make."""

from alembic import op

from storage import migrations

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    migrations.run(op, "0012_reach.sql")
