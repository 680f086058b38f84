"""Accounts: on whose behalf we call; added, stopped, resumed and removed, with what they have given us."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, and_, delete, select, tuple_, update

from webhook_app.domain.account import Account, Identity
from webhook_app.domain.outbox import State
from webhook_app.errors import InvalidValue, NoAccount, NotFound, SealedElsewhere
from webhook_app.storage import audit, sql
from webhook_app.storage import tables as t
from webhook_app.storage.database import Database
from webhook_app.storage.ledger import earliest
from webhook_app.storage.sealing import Sealing

a = t.accounts.c
FIELDS = Account._fields
_columns = select(*(a[name] for name in FIELDS))
# Within the class `list` is a verb.
AccountList = list[Account]
#: Who adds the accounts that are configured, at each start.
ENVIRONMENT = "environment"
#: How the audit log calls a change of state.
DEEDS = {State.ACTIVE: "resume account", State.PAUSED: "pause account"}


class Accounts:
    """The verbs, each one transaction."""

    def __init__(self, database: Database, sealing: Sealing) -> None:
        self._database = database
        self._sealing = sealing

    def list(self) -> AccountList:
        """Every account, by key."""
        query = _columns.order_by(a.platform, a.id)
        return self._database.read(lambda c: [_account(row) for row in c.execute(query)])

    def one(self, platform: str, id: str) -> Account:
        """The account. Raises NotFound."""
        return self._database.read(lambda connection: _one(connection, platform, id))

    def find(self, platform: str, id: str) -> Account | None:
        """The account of that id, if there is one."""
        return self._one_where(_is(platform, id))

    def by_digest(self, platform: str, digest: str) -> Account | None:
        """The account whose secret has this SHA-256, if there is one."""
        if not digest:
            return None
        return self._one_where(and_(a.platform == platform, a.digest == digest))

    def _one_where(self, condition: Any) -> Account | None:
        query = _columns.where(condition).order_by(a.platform, a.id).limit(1)
        row = self._database.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else _account(row)

    def credentials(self, platform: str, id: str) -> dict[str, str]:
        """What the account has given us. Raises NotFound, also if they were erased or are configured."""
        query = select(a.credentials).where(_is(platform, id))
        sealed = self._database.read(lambda connection: connection.scalar(query))
        return self._open(sealed)

    def credentials_of(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], dict[str, str]]:
        """The same of several accounts at once; without those of which it would raise NotFound."""
        query = select(a.platform, a.id, a.credentials).where(tuple_(a.platform, a.id).in_(keys))
        rows = self._database.read(lambda connection: connection.execute(query).all())
        found = {}
        for platform, id, sealed in rows:
            with suppress(NotFound):
                found[platform, id] = self._open(sealed)
        return found

    def _open(self, sealed: bytes | None) -> dict[str, str]:
        if sealed is None:
            raise NotFound("There are no stored credentials of this account.")
        return self._sealing.open(bytes(sealed))

    def add(
        self,
        identity: Identity,
        platform: str,
        digest: str,
        credentials: Mapping[str, str] | None,
        now: int,
        who: str,
    ) -> Account:
        """Store an account with its credentials, None if they are configured. One already there is renewed.

        It is active then, whatever it was. But the environment says the same at each start: if it brings
        nothing new, an account stays as it is, paused if it was, and the audit log has no entry.
        """
        sealed = None if credentials is None else self._sealing.seal(credentials)
        scopes = None if identity.scopes is None else " ".join(identity.scopes)
        row = {
            "platform": platform, "id": identity.id, "owner": identity.owner, "name": identity.name,
            "scopes": scopes, "digest": digest, "credentials": sealed, "configured": int(sealed is None),
            "authorised_at": now, **_active(now),
        }  # fmt: skip

        def change(connection: Connection) -> Account:
            if who == ENVIRONMENT and _renewed(connection, row):
                return _one(connection, platform, identity.id)
            insert = sql.insert(self._database.dialect, t.accounts).values(row)
            new = {name: insert.excluded[name] for name in row if name not in ("platform", "id")}
            connection.execute(insert.on_conflict_do_update(index_elements=["platform", "id"], set_=new))
            # Its rows may have waited for it since it was removed.
            same = update(t.accounts).where(_is(platform, identity.id))
            connection.execute(same.values(due_at=earliest()))
            audit.log(connection, who, "add account", f"{platform}/{identity.id}")
            return _one(connection, platform, identity.id)

        return self._database.write(change)

    def rename(self, platform: str, identity: Identity) -> None:
        """Write down what the platform says of an account by now."""
        scopes = None if identity.scopes is None else " ".join(identity.scopes)
        new = {"owner": identity.owner, "name": identity.name, "scopes": scopes}
        same = update(t.accounts).where(_is(platform, identity.id))
        self._database.write(lambda connection: connection.execute(same.values(new)))

    def set_state(self, platform: str, id: str, state: State, reason: str, now: int, who: str) -> Account:
        """Stop an account, or make it active again, with what the platform has refused it forgotten.

        Raises NotFound, and InvalidValue if an account is to be resumed whose credentials were erased.
        """

        def change(connection: Connection) -> Account:
            new = {"state": state.value, "reason": reason, "since": now}
            if state is State.ACTIVE:
                _require_credentials(connection, platform, id)
                new = _active(now)
            connection.execute(update(t.accounts).where(_is(platform, id)).values(new))
            audit.log(connection, who, DEEDS.get(state, "stop account"), f"{platform}/{id}", reason)
            return _one(connection, platform, id)

        return self._database.write(change)

    def remove(self, platform: str, id: str, now: int, who: str) -> int:
        """Delete an account, its credentials and the tokens bound to it. Raises NotFound.

        Its rows of the outbox stay as memory; what waits in them is not sent. Returns how many those are.
        """

        def change(connection: Connection) -> int:
            o, bound = t.outbox.c, and_(t.tokens.c.platform == platform, t.tokens.c.account == id)
            waits = (o.platform == platform, o.account == id, o.due_at.is_not(None))
            dropped = {
                "due_at": None,
                "claimed_until": 0,
                "problem": "account removed",
                "updated_at": sql.now_ms(),
            }
            many = connection.execute(update(t.outbox).where(*waits).values(dropped)).rowcount
            if not connection.execute(delete(t.accounts).where(_is(platform, id))).rowcount:
                raise NoAccount
            connection.execute(delete(t.tokens).where(bound))
            detail = f"{many} marks not sent" if many else ""
            audit.log(connection, who, "remove account", f"{platform}/{id}", detail)
            return many

        return self._database.write(change)


def reencrypt(connection: Connection, sealing: Sealing) -> tuple[int, int]:
    """Seal all credentials under the first key; returns how many were not, and how many cannot be opened."""
    query = select(a.platform, a.id, a.credentials).where(a.credentials.is_not(None))
    renewed = closed = 0
    for row in connection.execute(query.order_by(a.platform, a.id).with_for_update()).all():
        try:
            sealed = sealing.renew(bytes(row.credentials))
        except SealedElsewhere:
            closed += 1
            continue
        if sealed is not None:
            connection.execute(update(t.accounts).where(_is(row.platform, row.id)).values(credentials=sealed))
            renewed += 1
    return renewed, closed


def _active(now: int) -> dict[str, Any]:
    """An account that may be called for; its window is looked at again."""
    return {
        "state": State.ACTIVE.value, "reason": "", "since": now, "refused_until": 0, "attempts": 0,
        "opens_at": 0, "scarce_until": 0,
    }  # fmt: skip


def _renewed(connection: Connection, row: Mapping[str, Any]) -> bool:
    """Note who an account belongs to, if it is there with credentials of this digest."""
    same = (_is(row["platform"], row["id"]), a.digest == row["digest"])
    new = {name: row[name] for name in ("owner", "name", "scopes", "credentials", "configured")}
    return bool(connection.execute(update(t.accounts).where(*same).values(new)).rowcount)


def _require_credentials(connection: Connection, platform: str, id: str) -> None:
    query = select(a.configured, a.credentials).where(_is(platform, id)).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is not None and not row.configured and row.credentials is None:
        raise InvalidValue("account", "Its credentials were erased; add the account again.")


def _one(connection: Connection, platform: str, id: str) -> Account:
    row = connection.execute(_columns.where(_is(platform, id))).one_or_none()
    if row is None:
        raise NoAccount
    return _account(row)


def _account(row: Any) -> Account:
    scopes = None if row.scopes is None else tuple(row.scopes.split())
    account = Account(*row)
    return account._replace(state=State(row.state), scopes=scopes, configured=bool(row.configured))


def _is(platform: str, id: str) -> Any:
    return and_(a.platform == platform, a.id == id)
