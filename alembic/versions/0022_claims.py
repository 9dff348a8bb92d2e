"""What other servers say of their posts and accounts: by whom those may be found, how many follow these."""

from alembic import op

from storage import migrations

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    migrations.run(op, "0022_claims.sql")
