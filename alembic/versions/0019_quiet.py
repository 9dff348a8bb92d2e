"""Posts that were kept as context, until their author sends them."""

from alembic import op

from storage import migrations

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    migrations.run(op, "0019_quiet.sql")
