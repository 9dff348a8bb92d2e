"""Consents that people here ask for before they do something with a post elsewhere."""

from alembic import op

from storage import migrations

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    migrations.run(op, "0021_consents.sql")
