"""People and discovery: what a profile shows, verified links, preview cards, texts of the server, translations."""

from alembic import op

from storage import migrations

revision = "0007"
down_revision = "0002"


def upgrade() -> None:
    migrations.run(op, "0007_people.sql")
