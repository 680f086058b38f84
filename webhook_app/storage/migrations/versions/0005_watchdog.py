"""What the watchdog knows: how each platform fares, its webhooks, and what was missed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _keys(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, KEY, nullable=False) for name in names]


def upgrade() -> None:
    """Add the tables; the release before does not know them."""
    op.create_table(
        "watches",
        *_keys("platform"),
        *_numbers("stepped_at", "told_at"),
        *_texts("problem"),
        sa.PrimaryKeyConstraint("platform"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "webhooks",
        *_keys("platform", "id"),
        *_texts("url"),
        *_numbers("valid", "seen_at", "good_at"),
        sa.Column("invalid_since", sa.BigInteger()),
        sa.Column("delivered_at", sa.BigInteger()),
        *_texts("reason"),
        *_numbers("validate_at", "attempts"),
        sa.PrimaryKeyConstraint("platform", "id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "replays",
        *_keys("platform", "webhook"),
        *_numbers("since", "until"),
        *_texts("fate", "job"),
        *_numbers("asked_at", "ask_at", "incomplete"),
        *_texts("problem"),
        sa.PrimaryKeyConstraint("platform", "webhook", "since"),
        sqlite_with_rowid=False,
    )
