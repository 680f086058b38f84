"""What dashboards ask: figures by interval, the oldest unread message, and what has changed in the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
#: As in 0003.
STATISTICS = [
    ("history", "history_read", "10000000 2 2 1 1 1"),
    ("unread_messages", "unread_messages_oldest", "100000 50000 1 1 1"),
    ("unread_messages", "unread_messages_reader", "100000 50000 10 1 1"),
    # Those of before went with the index.
    ("unread_messages", "unread_messages_peer", "100000 50000 100 1 1"),
    ("outbox", "outbox_updated", "1000000 2 2 1 1"),
    ("counts", "counts", "1000000 50000 1"),
    ("counts", "counts_minute", "1000000 20 1"),
    ("cells", "cells", "100000 50000 10 5 1"),
    ("cells", "cells_account", "100000 50000 25000 1000 1"),
]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def upgrade() -> None:
    """Add them. What the release before writes has defaults."""
    op.create_index("history_read", "history", ["read_at"])
    op.create_index("unread_messages_oldest", "unread_messages", ["platform", "message"])
    op.create_index("unread_messages_reader", "unread_messages", ["platform", "reader", "message"])
    op.drop_index("unread_messages_peer", "unread_messages")
    op.create_index("unread_messages_peer", "unread_messages", ["platform", "peer", "message"])
    op.add_column("outbox", sa.Column("updated_at", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_index("outbox_updated", "outbox", ["updated_at"])
    op.create_index("counts_minute", "counts", ["minute"])
    op.create_table(
        "cells",
        *_numbers("minutes", "start"),
        sa.Column("platform", KEY, nullable=False),
        sa.Column("account", KEY, nullable=False),
        *_numbers("deliveries", "reads", "marks", "calls"),
        sa.Column("times", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("minutes", "start", "platform", "account"),
        sqlite_with_rowid=False,
    )
    op.create_index("cells_account", "cells", ["minutes", "platform", "account", "start"])
    op.create_table(
        "stale_minutes",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        *_numbers("minute"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", STATISTICS)
