"""People and discovery: what a profile shows, verified links, preview cards, texts of the server, translations."""

from alembic import op

from storage import migrations

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    migrations.run(op, "0006_people.sql")
