"""The tables as they are today.

Ids are text and cursors 64-bit integers. Times are integers, milliseconds since 1970; `updated_at` comes
from the database's clock, the others from the platform's or the caller's.
"""

from dataclasses import fields
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)  # fmt: skip

from webhook_app.domain.rate import RateWindow
from webhook_app.storage.sql import next_at

metadata = MetaData()
Id = BigInteger().with_variant(Integer, "sqlite")
# Keys compare byte by byte on both databases: faster, and pages have one order everywhere.
Key = Text().with_variant(Text(collation="C"), "postgresql")


def _table(name: str, *parts: Any) -> Table:
    return Table(name, metadata, *parts, sqlite_with_rowid=False)


def _key(name: str) -> Column[str]:
    return Column(name, Key, primary_key=True)


def _text(name: str, **kwargs: Any) -> Column[str]:
    return Column(name, Text, nullable=False, **kwargs)


def _number(name: str, **kwargs: Any) -> Column[int]:
    return Column(name, BigInteger, nullable=False, **kwargs)


# The primary key is the law: there is one position, the furthest, of a (platform, reader, peer).
read_positions = _table(
    "read_positions",
    _key("platform"), _key("reader"), _key("peer"),
    _number("cursor"), _number("read_at"), _number("updated_at"),
    # Marks read before this moment are dropped: an operator has set the position.
    _number("not_before", server_default="0"),
    # Who has read this peer; and what has changed since.
    Index("read_positions_peer", "platform", "peer", "reader"),
    Index("read_positions_updated", "updated_at", "platform", "reader", "peer"),
    # Nearly always empty, so that ingest sees at no cost that nothing has been corrected.
    Index(
        "read_positions_corrected", "not_before",
        sqlite_where=text("not_before > 0"), postgresql_where=text("not_before > 0"),
    ),
)  # fmt: skip

# History is a set: one row per distinct (reader, peer, cursor), with its earliest time.
history = _table(
    "history",
    _key("platform"), _key("reader"), _key("peer"), Column("cursor", BigInteger, primary_key=True),
    _number("read_at"),
    Index("history_read", "read_at"),
)  # fmt: skip

people = _table(
    "people",
    _key("platform"), _key("id"), _text("name"), _text("handle"), _text("picture"), _number("seen_at"),
)  # fmt: skip

# At most 1000 a conversation; what comes on top is counted in unread_overflow.
unread_messages = _table(
    "unread_messages",
    _key("platform"), _key("reader"), _key("peer"), Column("message", BigInteger, primary_key=True),
    # Oldest first, of all, of a reader and of a peer: ids order like time.
    Index("unread_messages_oldest", "platform", "message"),
    Index("unread_messages_reader", "platform", "reader", "message"),
    Index("unread_messages_peer", "platform", "peer", "message"),
)  # fmt: skip

unread_overflow = _table(
    "unread_overflow",
    _key("platform"), _key("reader"), _key("peer"), _number("count"), _number("latest"),
    Index("unread_overflow_peer", "platform", "peer"),
)  # fmt: skip

# The latest word of a platform about an account or a job.
notices = _table("notices", _key("platform"), _key("kind"), _key("subject"), _number("at"), _text("detail"))

# The unique digest keeps a body that is delivered again and again once.
quarantine = Table(
    "quarantine", metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    _text("platform"), _number("received_at"), _text("errors"),
    Column("body", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    UniqueConstraint("platform", "digest", name="quarantine_digest"),
    sqlite_autoincrement=True,
)  # fmt: skip

# Forgotten people, as HMACs: what happened before does not come back. Also the gate between ingest, which
# reads this table in each transaction, and an operator's corrections, which lock it.
forgotten = _table(
    "forgotten",
    Column("digest", LargeBinary, primary_key=True), _number("not_before"), _number("expires_at"),
)  # fmt: skip

tokens = _table(
    "tokens",
    _key("id"), _text("name"), Column("digest", LargeBinary, nullable=False), _text("scopes"),
    Column("platform", Text), Column("account", Text), _number("created_at"),
    Column("revoked_at", BigInteger),
    UniqueConstraint("digest", name="tokens_digest"),
    # Bound to an account or to none.
    CheckConstraint("(platform IS NULL) = (account IS NULL)", name="tokens_bound"),
)  # fmt: skip

login_links = _table(
    "login_links",
    Column("digest", LargeBinary, primary_key=True), _text("token"), _number("expires_at"),
)  # fmt: skip

audit = Table(
    "audit", metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    _number("at"), _text("who"), _text("action"), _text("subject"), _text("detail"),
    sqlite_autoincrement=True,
)  # fmt: skip

# Minute 0 holds the total since the beginning, which retention leaves alone.
counts = _table(
    "counts",
    _key("name"), Column("minute", BigInteger, primary_key=True), _number("n"),
    Index("counts_minute", "minute"),
)  # fmt: skip

# Figures of an account in an interval of so many minutes, made anew from the rows they are about. `start`
# in milliseconds; `times` counts reads by how long they took, as `domain.timing` has it.
cells = _table(
    "cells",
    Column("minutes", BigInteger, primary_key=True), Column("start", BigInteger, primary_key=True),
    _key("platform"), _key("account"),
    _number("deliveries"), _number("reads"), _number("marks"), _number("calls"), _text("times"),
    Index("cells_account", "minutes", "platform", "account", "start"),
)  # fmt: skip

# Minutes since 1970 whose cells were made before something late came; several rows may say the same.
stale_minutes = Table(
    "stale_minutes", metadata,
    Column("id", Id, primary_key=True, autoincrement=True), _number("minute"),
    sqlite_autoincrement=True,
)  # fmt: skip

# Who does what only one process may do; and when a dispatcher was last seen.
leases = _table("leases", _key("name"), _text("holder"), _number("until"))

accounts = _table(
    "accounts",
    _key("platform"), _key("id"), Column("owner", Key, nullable=False), _text("name"),
    _text("state"), _text("reason"), _number("since"), _number("authorised_at"),
    # The platform refuses the account until then; and how often it has in a row.
    _number("refused_until"), _number("attempts"),
    # Separated by spaces.
    Column("scopes", Text), _text("digest"),
    # Sealed. None: configured in the environment, or erased.
    Column("credentials", LargeBinary), _number("configured"),
    # The earliest of its rows in the outbox.
    Column("due_at", BigInteger),
    # What was last known of its rate window: when it takes a call, and until when less than half is left.
    _number("opens_at"), _number("scarce_until"),
    # When a dispatcher is to look; none while there is nothing it may do.
    Column("next_at", BigInteger, Computed(next_at(), persisted=True)),
    Index("accounts_next", "platform", "next_at"),
    Index("accounts_owner", "platform", "owner"),
    # By what callers are known; of one secret there may be two accounts for a while.
    Index("accounts_digest", "platform", "digest"),
)  # fmt: skip

# The primary key is coalescing: of a conversation there is one row, and what waits in it is the furthest.
outbox = _table(
    "outbox",
    _key("platform"), _key("account"), _key("peer"),
    _number("wanted"),
    # -1: nothing.
    _number("acknowledged"),
    # When to claim it; while it is claimed, when the claim lapses; none if there is nothing to do.
    Column("due_at", BigInteger),
    _number("last_sent_at"), _number("claimed_until"), _number("attempts"), _text("problem"),
    _number("refused_until"), _number("accepted_at"), _number("delivered_at"),
    # By the database's clock, when something changed that viewers see; claims are not among it.
    _number("updated_at", server_default="0"),
    Index("outbox_updated", "updated_at"),
    # What waits, by account; the last column is for counting.
    Index(
        "outbox_due", "platform", "account", "due_at", "accepted_at",
        sqlite_where=text("due_at IS NOT NULL"), postgresql_where=text("due_at IS NOT NULL"),
    ),
    # What was refused for good; few.
    Index(
        "outbox_failed", "platform", "account", "peer",
        sqlite_where=text("due_at IS NULL AND wanted > acknowledged"),
        postgresql_where=text("due_at IS NULL AND wanted > acknowledged"),
    ),
)  # fmt: skip

rate_windows = _table(
    "rate_windows",
    _key("platform"), _key("owner"), _key("method"),
    *(_number(field.name) for field in fields(RateWindow)),
)  # fmt: skip

# What the watchdog knows. Of a platform: when it last stepped, when it was last told, and what is wrong.
watches = _table("watches", _key("platform"), _number("stepped_at"), _number("told_at"), _text("problem"))

webhooks = _table(
    "webhooks",
    _key("platform"), _key("id"), _text("url"), _number("valid"), _number("seen_at"), _number("good_at"),
    Column("invalid_since", BigInteger), Column("delivered_at", BigInteger), _text("reason"),
    _number("validate_at"), _number("attempts"),
)  # fmt: skip

# Pieces of what was missed; the key keeps one that is planned twice once.
replays = _table(
    "replays",
    _key("platform"), _key("webhook"), Column("since", BigInteger, primary_key=True), _number("until"),
    _text("fate"), _text("job"), _number("asked_at"), _number("ask_at"), _number("incomplete"),
    _text("problem"),
)  # fmt: skip
