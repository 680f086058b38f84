"""Accounts by platform and due time, and by digest; and what SQLite's planner is to know of the tables.

Without statistics SQLite takes the primary key wherever `platform = ?` is part of it, and reads all of a
platform. Nothing collects them by itself, and those of a young database are wrong soon; so it gets those of
a busy one, once and for all: https://sqlite.org/optoverview.html#manual_control_of_query_plans_using_sqlite_stat_tables
"""

from alembic import op

revision = "0003"
down_revision = "0002"

#: Of each index the number of rows, then how many have the first column, the first two, … in common.
#: The index of a primary key is called as its table.
STATISTICS = [
    ("read_positions", "read_positions", "1000000 500000 4 1"),
    ("read_positions", "read_positions_peer", "1000000 500000 1000 1"),
    ("read_positions", "read_positions_updated", "1000000 2 2 1 1"),
    ("read_positions", "read_positions_corrected", "1 1 1 1 1"),
    ("history", "history", "10000000 5000000 40 10 1"),
    ("people", "people", "1000000 500000 1"),
    ("unread_messages", "unread_messages", "100000 50000 10 5 1"),
    ("unread_messages", "unread_messages_peer", "100000 50000 100 5 1"),
    ("unread_overflow", "unread_overflow", "1000 500 2 1"),
    ("unread_overflow", "unread_overflow_peer", "1000 500 10 1"),
    ("accounts", "accounts", "10000 5000 1"),
    ("accounts", "accounts_next", "10000 5000 2 1"),
    ("accounts", "accounts_owner", "10000 5000 10 1"),
    ("accounts", "accounts_digest", "10000 5000 1 1"),
    ("outbox", "outbox", "1000000 500000 100 1"),
    ("outbox", "outbox_due", "100000 50000 10 2 1 1"),
    ("outbox", "outbox_failed", "100 50 5 1"),
    ("rate_windows", "rate_windows", "10000 5000 1 1"),
]


def upgrade() -> None:
    """Change the indexes, and write the statistics down; Postgres collects its own."""
    op.drop_index("accounts_next", "accounts")
    op.create_index("accounts_next", "accounts", ["platform", "next_at"])
    op.create_index("accounts_digest", "accounts", ["platform", "digest"])
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        return
    # Makes the table.
    connection.exec_driver_sql("ANALYZE")
    connection.exec_driver_sql("DELETE FROM sqlite_stat1")
    connection.exec_driver_sql("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", STATISTICS)
