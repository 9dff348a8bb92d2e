"""By whom a post may be found."""

from alembic import op

from storage import migrations

revision = "0025"
down_revision = "0019"


def upgrade() -> None:
    migrations.run(op, "0025_search_consents.sql")
