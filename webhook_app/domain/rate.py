"""The law of rate windows: counted before the call, and closed no earlier than the platform's own.

A platform's window opens when the first call *arrives*, lasts `limit.window`, and takes `limit.calls` calls.
We know only when a call was claimed (before it left) and when its answer came (after it arrived). So:

1. Our window closes one window length and a second after its first answer: the platform's has closed by then.
2. The platform's may close as early as one window length after our first claim. Calls whose answer had not
   come by that moment may belong to its next window, and count in ours too: they are the carry.
   With every window that begins in such doubt there is more of it: so it is let pass, before it grows dear,
   without a call.
3. A call that may never have arrived is counted all the same, and does not tell when a window opened.
4. Moments that lie ahead are of a clock that was fast and has been put right. How long ago they were is
   unknown: they are taken for as late as can be where that closes our window, and for as early as can be
   where it opens the platform's next. A clock that is put forward, or back by less than the time since the
   last call, cannot be told from time that passes: then a window may be overspent.

Times are milliseconds since 1970 on one clock; waits that a platform tells are relative to its answer.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

#: How much later than it could be a window is taken to close: clocks differ a little.
MARGIN = 1000  # milliseconds
#: For how long at most there may be doubt to which window a call belongs, before it is waited for its end.
DOUBT = 3000  # milliseconds
#: After this a call that was claimed has arrived, or never will.
CALL_TIMEOUT = 8000  # milliseconds


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many calls in a window of so many milliseconds."""

    calls: int
    window: int


class Word(NamedTuple):
    """What a platform's answer says of its window; None where it is silent."""

    limit: int | None = None
    remaining: int | None = None
    #: Until the window closes, in milliseconds from the answer.
    reset_in: int | None = None
    #: Until calls are taken again, in milliseconds from the answer; only of a refusal for the rate.
    retry_in: int | None = None
    #: Whether the call was refused because the window is spent.
    refused: bool = False


@dataclass(frozen=True, slots=True)
class RateWindow:
    """What was spent of one budget, and since when. All zeros: nothing yet."""

    #: The earliest moment at which the platform's window may have opened; 0 while nothing has been spent.
    first_claim_at: int = 0
    #: Since when calls are counted here.
    opened_at: int = 0
    #: The last claim: until it is answered, the window may have opened as late as that.
    last_claim_at: int = 0
    #: The first answer to a call of this window; 0 before it.
    first_answer_at: int = 0
    #: Calls claimed in this window.
    used: int = 0
    #: Calls of the window before that may count in this one.
    carry: int = 0
    #: Of the calls claimed here, those that have arrived in this window for sure.
    settled: int = 0
    #: Of the calls claimed here, those given up without an answer: nobody knows whether they arrived.
    lost: int = 0
    #: The latest and the earliest moment of its close by the platform's word; 0 if it is silent.
    told_close: int = 0
    told_early: int = 0
    #: The most calls that the platform has said were spent in this window.
    told_spent: int = 0
    #: The limit in the platform's own words, if it is lower than ours; 0 if it is not.
    told_limit: int = 0
    #: No call before this moment, whatever is left: the platform has refused one.
    shut_until: int = 0

    def calls(self, limit: RateLimit) -> int:
        """How many calls a window takes: no more than ours, and no more than the platform has said."""
        return self.told_limit or limit.calls

    def closes_at(self, limit: RateLimit) -> int:
        """When the platform's window has closed for sure; 0 if none is open."""
        if not self.first_claim_at:
            return 0
        if self.told_close:
            return self.told_close
        if self.first_answer_at:
            return self.first_answer_at + limit.window + MARGIN
        return max(self.last_claim_at, self.opened_at) + CALL_TIMEOUT + limit.window + MARGIN

    def at(self, limit: RateLimit, now: int) -> "RateWindow":
        """The window at this moment: itself, or what follows if it has closed.

        Whoever counts on it stores it: what a clock that was put right has made of it holds from then on.
        """
        ahead = max(self.first_claim_at, self.opened_at, self.last_claim_at, self.first_answer_at) - now
        if ahead > MARGIN:
            return self._put_back(limit, now, ahead)
        if not self.first_claim_at or now < self.closes_at(limit):
            return self
        # A limit that was told is believed until the next window's first answer tells it again, or does not.
        rest = RateWindow(told_limit=self.told_limit)
        if self.shut_until > now:
            rest = replace(rest, shut_until=self.shut_until, last_claim_at=self.last_claim_at)
        carry = self._carry(limit) if self.used else 0
        if not carry:
            return rest
        opened = self.closes_at(limit)
        # By the platform's word it may have closed before it could by ours.
        begun = min(self._earliest_close(limit), opened)
        return replace(rest, first_claim_at=begun, opened_at=opened, carry=carry).at(limit, now)

    def _put_back(self, limit: RateLimit, now: int, ahead: int) -> "RateWindow":
        """The window by a clock that was put back: as if the newest of its moments were the present one.

        At the least as much time has passed, so it does not close too early. But the platform's may have
        been open for a whole length, so from now on nothing arrives in this window for sure.
        """
        moments = ("first_claim_at", "opened_at", "last_claim_at", "first_answer_at", "told_close")
        then = {name: max(1, at - ahead) for name in (*moments, "shut_until") if (at := getattr(self, name))}
        window = replace(self, told_early=0, **then)
        if not self.first_claim_at:
            return window
        return replace(window, first_claim_at=max(1, min(window.first_claim_at, now - limit.window)))

    def _earliest_close(self, limit: RateLimit) -> int:
        """What arrived before this is of the platform's window; what came later may be of its next."""
        return max(self.first_claim_at + limit.window - MARGIN, self.told_early)

    def _carry(self, limit: RateLimit) -> int:
        """The calls that may count in the platform's next window."""
        late = self.used - self.settled
        # Those of the window before this one were claimed before it opened.
        still_on_the_way = self.opened_at + CALL_TIMEOUT > self._earliest_close(limit)
        return late + self.carry if still_on_the_way else late

    def left(self, limit: RateLimit, now: int) -> int:
        """How many calls may be claimed at this moment."""
        window = self.at(limit, now)
        if window.shut_until > now:
            return 0
        return max(0, window.calls(limit) - window.used - window.carry)

    def takes(self, limit: RateLimit, now: int) -> int:
        """How many calls may be claimed at this moment without making long doubt longer."""
        window = self.at(limit, now)
        early, close = window._earliest_close(limit), window.closes_at(limit)
        # A second before it begins, so that calls are answered by then.
        if window.first_answer_at and close - early > DOUBT and early - MARGIN <= now < close:
            return 0
        return window.left(limit, now)

    def resets_at(self, limit: RateLimit, now: int) -> int:
        """When all calls may be claimed again; of a window that is not open, as if it opened now."""
        window = self.at(limit, now)
        return max(window.closes_at(limit) or now + limit.window, window.shut_until)

    def opens_at(self, limit: RateLimit, now: int) -> int:
        """When a call may be claimed: `now`, or when the window closes or is no longer shut."""
        window = self.at(limit, now)
        if window.shut_until > now:
            return window.shut_until
        return now if window.takes(limit, now) else window.closes_at(limit)

    def spend(self, limit: RateLimit, now: int, calls: int) -> "RateWindow":
        """Claim calls; the caller has asked `left`."""
        window = self.at(limit, now)
        return replace(
            window,
            first_claim_at=window.first_claim_at or now,
            opened_at=window.opened_at if window.used else now,
            last_claim_at=now,
            used=window.used + calls,
        )

    def answer(self, limit: RateLimit, claimed_at: int, now: int, word: Word | None) -> "RateWindow":
        """Note that a call has ended: answered with `word`, or with None, given up without an answer.

        Of one that was claimed by another clock nobody knows to which window it belongs: it stays counted.
        """
        window = self.at(limit, now)
        if window.used and window.opened_at <= claimed_at <= now:
            arrived = now if word else claimed_at + CALL_TIMEOUT
            window = replace(
                window,
                settled=window.settled + (arrived < window._earliest_close(limit)),
                lost=window.lost + (word is None),
            )
            if word:
                window = window._heed(limit, claimed_at, now, word)
        return window._shut(limit, now, word) if word and word.refused else window

    def _heed(self, limit: RateLimit, claimed_at: int, now: int, word: Word) -> "RateWindow":
        """The platform's word outranks our count; where it says nothing, nothing changes.

        But for the limit: that of the window before is not believed any longer if the first answer is silent.
        It never raises ours, which an operator may have set below the platform's.
        """
        window = self
        if not self.first_answer_at:
            window = replace(window, first_answer_at=now, told_limit=0)
        if word.reset_in is not None and word.reset_in >= 0:
            # Its clock has gone on since it answered, by no more than ours since the claim.
            window = window._close(limit, claimed_at, now, word.reset_in)
        if word.limit:
            window = replace(window, told_limit=word.limit if word.limit < limit.calls else 0)
        if word.remaining is None:
            return window
        spent = max(0, window.calls(limit) - word.remaining)
        if spent <= window.told_spent:
            return window  # an older answer that came later
        # What may have arrived since that answer left; some of it may be among the spent: counted twice.
        on_the_way = max(0, window.used - window.settled)
        carry = window.carry if claimed_at < window.opened_at + CALL_TIMEOUT else 0
        settled = spent + window.lost
        if word.limit and word.limit > limit.calls and settled + on_the_way <= window.used:
            return window  # of a greater limit more remains than is ours
        return replace(window, told_spent=spent, carry=carry, used=settled + on_the_way, settled=settled)

    def _close(self, limit: RateLimit, claimed_at: int, now: int, reset_in: int) -> "RateWindow":
        """Close when the platform says; if that is after this window's close, it speaks of its next."""
        early, late = claimed_at + reset_in - MARGIN, now + reset_in + MARGIN
        if not self.told_close:
            return replace(self, told_close=late, told_early=early)
        if early <= self.told_close:
            return replace(
                self, told_close=min(self.told_close, late), told_early=max(self.told_early, early)
            )
        on_the_way = max(0, self.used - self.settled) + self.lost
        return RateWindow(
            first_claim_at=min(self._earliest_close(limit), now), opened_at=claimed_at,
            last_claim_at=self.last_claim_at, first_answer_at=now, used=1 + on_the_way, settled=1,
            told_close=late, told_early=early, shut_until=self.shut_until,
        )  # fmt: skip

    def _shut(self, limit: RateLimit, now: int, word: Word) -> "RateWindow":
        """A refusal shuts the window until the platform takes calls again, as far as it says."""
        wait = word.retry_in if word.retry_in is not None else word.reset_in
        until = now + wait + MARGIN if wait is not None else self.closes_at(limit) or now + limit.window
        # Without any claim nothing would tell that the clock was put back.
        shut_until, last_claim_at = max(self.shut_until, until), self.last_claim_at or now
        return replace(self, shut_until=shut_until, last_claim_at=last_claim_at)
