"""Accounts, the outbox and rate windows."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
#: When a dispatcher is to look at an account.
NEXT_AT = {
    "sqlite": "CASE WHEN state = 'active' THEN max(due_at, opens_at, refused_until) END",
    "postgresql": "CASE WHEN state = 'active' AND due_at IS NOT NULL "
    "THEN GREATEST(due_at, opens_at, refused_until) END",
}
FAILED = sa.text("due_at IS NULL AND wanted > acknowledged")
WAITING = sa.text("due_at IS NOT NULL")


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def upgrade() -> None:
    """Create them."""
    _create_accounts()
    _create_outbox()
    op.create_table(
        "rate_windows",
        sa.Column("platform", KEY, nullable=False),
        sa.Column("owner", KEY, nullable=False),
        sa.Column("method", KEY, nullable=False),
        *_numbers("first_claim_at", "opened_at", "last_claim_at", "first_answer_at", "used", "carry"),
        *_numbers("settled", "lost", "told_close", "told_early", "told_spent", "told_limit", "shut_until"),
        sa.PrimaryKeyConstraint("platform", "owner", "method"),
        sqlite_with_rowid=False,
    )


def _create_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("platform", KEY, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("owner", KEY, nullable=False),
        *_texts("name", "state", "reason"),
        *_numbers("since", "authorised_at", "refused_until", "attempts"),
        sa.Column("scopes", sa.Text(), nullable=True),
        *_texts("digest"),
        sa.Column("credentials", sa.LargeBinary(), nullable=True),
        *_numbers("configured"),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        *_numbers("opens_at", "scarce_until"),
        sa.Column(
            "next_at", sa.BigInteger(), sa.Computed(NEXT_AT[op.get_bind().dialect.name], persisted=True)
        ),
        sa.PrimaryKeyConstraint("platform", "id"),
        sqlite_with_rowid=False,
    )
    op.create_index("accounts_next", "accounts", ["next_at"])
    op.create_index("accounts_owner", "accounts", ["platform", "owner"])


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("platform", KEY, nullable=False),
        sa.Column("account", KEY, nullable=False),
        sa.Column("peer", KEY, nullable=False),
        *_numbers("wanted", "acknowledged"),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        *_numbers("last_sent_at", "claimed_until", "attempts"),
        *_texts("problem"),
        *_numbers("refused_until", "accepted_at", "delivered_at"),
        sa.PrimaryKeyConstraint("platform", "account", "peer"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "outbox_due",
        "outbox",
        ["platform", "account", "due_at", "accepted_at"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
    op.create_index(
        "outbox_failed",
        "outbox",
        ["platform", "account", "peer"],
        sqlite_where=FAILED,
        postgresql_where=FAILED,
    )
