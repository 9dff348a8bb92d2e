"""What staff decides: work on reports, strikes, blocks of addresses and networks, and what may trend."""

from alembic import op

from storage import migrations

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    migrations.run(op, "0007_admin.sql")
