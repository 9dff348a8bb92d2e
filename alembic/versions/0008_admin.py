"""What staff decides: work on reports, strikes, blocks of addresses and networks, and what may trend."""

from alembic import op

from storage import migrations

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    migrations.run(op, "0008_admin.sql")
