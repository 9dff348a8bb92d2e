"""Videos and sound: what is converted in the background, and what is said of it."""

from alembic import op

from storage import migrations

revision = "0004"
down_revision = "0002"


def upgrade() -> None:
    migrations.run(op, "0004_clips.sql")
