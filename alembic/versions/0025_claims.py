"""What other servers say of their posts and accounts: by whom those may be found, how many follow these."""

from alembic import op

from storage import migrations

revision = "0025"
down_revision = "0020"


def upgrade() -> None:
    migrations.run(op, "0025_claims.sql")
