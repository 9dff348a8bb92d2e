"""Where clients want their notices pushed to."""

from alembic import op

from storage import migrations

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    migrations.run(op, "0009_push.sql")
