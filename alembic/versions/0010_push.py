"""Where clients want their notices pushed to."""

from alembic import op

from storage import migrations

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    migrations.run(op, "0010_push.sql")
