"""What a claim and its end make of a conversation, of its account and of their rate window."""

from dataclasses import dataclass, replace
from typing import Any

from webhook_app.domain.outbox import REFUSED_FOR, Claim, Settled, State, Verdict, pause_after
from webhook_app.domain.rate import CALL_TIMEOUT, RateLimit, RateWindow, Word

#: In these a failing call may still tell something new about an account.
UNDER_WAY = (State.ACTIVE, State.PAUSED)


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far the marks of a conversation have got. Times are milliseconds since 1970."""

    #: The furthest cursor that was accepted.
    wanted: int
    #: The furthest that the platform has taken; -1 if none.
    acknowledged: int
    #: When to claim it; while a call is under way, when that is given up; None if there is nothing to do.
    due_at: int | None
    #: When it was last claimed; 0 if never.
    last_sent_at: int
    #: Until when a call may be under way; 0 if none is.
    claimed_until: int
    #: Failures in a row.
    attempts: int
    problem: str
    #: Until when the platform's verdict about the peer is believed.
    refused_until: int
    #: Since when something waits, or waited.
    accepted_at: int
    #: 0 if never.
    delivered_at: int

    @property
    def waiting(self) -> bool:
        """Whether the platform has not yet taken all that was accepted."""
        return self.wanted > self.acknowledged

    def claim(self, now: int) -> "Delivery":
        """A call begins. If nobody ever settles it, it is due again when it cannot be under way any more."""
        lapse = now + CALL_TIMEOUT
        return replace(self, due_at=lapse, last_sent_at=now, claimed_until=lapse)

    def give_up(self, now: int) -> "Delivery":
        """The process that made the call has died."""
        return replace(self, claimed_until=0, due_at=now if self.waiting else None)

    def holds(self, claim: Claim) -> bool:
        """Whether the call of this claim is still the one under way: neither given up nor settled."""
        return self.due_at is not None and self.claimed_until == claim.claimed_at + CALL_TIMEOUT

    def settle(self, settled: Settled, apart: int, now: int) -> "Delivery":
        """A call has ended; the next one is at least `apart` milliseconds after it began.

        A claim that was given up, and perhaps taken by another process, may still raise `acknowledged`.
        """
        row = self
        if settled.verdict is None:
            row = replace(row, acknowledged=max(row.acknowledged, settled.claim.cursor), delivered_at=now)
        if not self.holds(settled.claim):
            return row if row.waiting or row.claimed_until else row._done()
        row = replace(row, claimed_until=0)
        if not row.waiting:
            return row._done()
        return replace(row, **row._outcome(settled, row.last_sent_at + apart, now))

    def _done(self) -> "Delivery":
        return replace(self, due_at=None, attempts=0, problem="", refused_until=0)

    def _outcome(self, settled: Settled, earliest: int, now: int) -> dict[str, Any]:
        """What changes where something still waits; no call before `earliest`."""
        attempts = self.attempts + 1
        failed = {"attempts": attempts, "problem": settled.problem}
        match settled.verdict:
            case None:
                # It has grown while the call was under way: accepted after that began, nobody knows when.
                fresh = {"attempts": 0, "problem": "", "refused_until": 0}
                return {**fresh, "due_at": earliest, "accepted_at": self.last_sent_at}
            case Verdict.RETRY:
                wait = pause_after(attempts, settled.chance) if settled.wait is None else settled.wait
                # Without an answer it may still arrive, and must not do so after a further one.
                gone = self.last_sent_at + CALL_TIMEOUT if settled.word is None else 0
                return {**failed, "due_at": max(now + wait, earliest, gone)}
            case Verdict.PEER:
                return {**failed, "due_at": None, "refused_until": now + REFUSED_FOR}
            case Verdict.WINDOW:
                return {"due_at": max(now, earliest)}
            case _:
                # It waits for the account; and for a while, should what was said be of older credentials.
                return {**failed, "due_at": max(now + pause_after(attempts, settled.chance), earliest)}


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether calls may be made for an account. Times are milliseconds since 1970."""

    state: State
    reason: str
    since: int
    authorised_at: int
    #: The platform refuses the account for now.
    refused_until: int
    #: Refusals of the account in a row.
    attempts: int

    def settle(self, settled: Settled, now: int) -> "Gate":
        """A call for the account has ended. Calls of older credentials tell nothing about these."""
        if settled.verdict is None:
            return self._accepted() if self.refused_until <= now else self
        if settled.claim.claimed_at < self.authorised_at:
            return self
        if settled.verdict is Verdict.PAUSE:
            return self._pause(settled, now)
        if settled.verdict is Verdict.ACCOUNT and self.state in UNDER_WAY:
            return self.stop(settled.state or State.UNAUTHORISED, settled.problem, now)
        return self

    def stop(self, state: State, reason: str, now: int) -> "Gate":
        """No call until somebody resumes the account."""
        return replace(self, state=state, reason=reason, since=now)

    def _accepted(self) -> "Gate":
        reason = "" if self.state is State.ACTIVE else self.reason
        return replace(self, refused_until=0, attempts=0, reason=reason)

    def _pause(self, settled: Settled, now: int) -> "Gate":
        """No call for a while. Calls that were under way together count as one refusal."""
        if self.state is not State.ACTIVE or self.refused_until > now:
            return self
        attempts = self.attempts + 1
        wait = pause_after(attempts, settled.chance) if settled.wait is None else settled.wait
        return replace(self, refused_until=now + wait, attempts=attempts, reason=settled.problem)


def answered(window: RateWindow, limit: RateLimit, settled: Settled, now: int, *, held: bool) -> RateWindow:
    """The window after a call has ended; `held`: the claim was not yet given up, which was an end too."""
    word = settled.word
    if settled.verdict is Verdict.WINDOW:
        word = word or Word()
        retry_in = settled.wait if word.retry_in is None else word.retry_in
        word = word._replace(refused=True, retry_in=retry_in)
    # As a call of a window long closed it is not counted again; a refusal shuts the window all the same.
    return window.answer(limit, settled.claim.claimed_at if held else 0, now, word)


def scarce_until(window: RateWindow, limit: RateLimit, now: int) -> int:
    """Until when less than half of a window is left; 0 if more is."""
    window = window.at(limit, now)
    if 2 * window.left(limit, now) >= window.calls(limit):
        return 0
    return max(window.closes_at(limit), window.shut_until)
