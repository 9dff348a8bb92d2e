"""Videos and sound: what is converted in the background, and what is said of it."""

from alembic import op

from storage import migrations

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    migrations.run(op, "0005_clips.sql")
