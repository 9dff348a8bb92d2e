"""Where clients want their notices pushed to."""

from alembic import op

from storage import migrations

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    migrations.run(op, "0008_push.sql")
