"""Words of posts in a table of their own, names of people without accents; refreshes of threads."""

from alembic import op

from storage import migrations

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    migrations.run(op, "0009_search.sql")
