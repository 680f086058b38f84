"""Asks Slack about tokens: whether they live, what they may mark, and for how long."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from webhook_app.domain.finding import Finding, Patient, doubt, ok, skipped, unknown, wrong
from webhook_app.domain.outbox import Verdict
from webhook_app.errors import DeliveryError
from webhook_app.platforms.slack_delivery import Delivery

#: Tokens that are asked about at a time.
AT_A_TIME = 8
#: The scopes of `conversations.mark`, of which one is needed for each kind of conversation.
SCOPES = {
    "public channels": ("channels:manage", "channels:write"),
    "private channels": ("groups:write",),
    "direct messages": ("im:write",),
    "group messages": ("mpim:write",),
}
#: The scope of apps from before there were others; it allows all.
CLASSIC = "bot"
#: How a token begins that lives for twelve hours (docs.slack.dev/authentication/using-token-rotation).
ROTATING = "xoxe."
ADD = "readmark accounts add slack, or SLACK_TOKEN if the settings give it"
REINSTALL = f"add them to the app, install it again, and give the new token: {ADD}"
#: What helps against Slack's words; others say it themselves.
REMEDIES = {
    "token_expired": "readmark does not renew tokens: use an app without token rotation",
    "account_inactive": "have the user or the workspace activated again",
}


def examine(url: str, patients: Sequence[Patient]) -> Iterator[Finding]:
    """Every finding. Each question takes ten seconds at most."""
    if not patients:
        yield skipped("slack", "not configured")
        return
    door = Delivery(url)
    with ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="examination") as pool:
        for findings in pool.map(lambda patient: list(_examine_token(door, patient)), patients):
            yield from findings


def _examine_token(door: Delivery, patient: Patient) -> Iterator[Finding]:
    subject, token = f"slack/{patient.id}", patient.credentials["token"]
    if token.startswith(ROTATING):
        words = "its token ends 12 hours after it was made, and readmark does not renew it"
        yield wrong(subject, words, "use an app without token rotation, which Slack cannot turn off again")
    try:
        said, scopes = door.test(token)
    except DeliveryError as error:
        yield _refused(subject, error)
        return
    yield _judge_scopes(subject, said, scopes)


def _refused(subject: str, error: DeliveryError) -> Finding:
    if error.verdict in (Verdict.RETRY, Verdict.WINDOW):
        return unknown(subject, f"Slack cannot say: {error}", "ask again")
    remedy = REMEDIES.get(str(error), f"give a token that is good: {ADD}")
    return wrong(subject, f"Slack refuses its token: {error}", remedy)


def _judge_scopes(subject: str, said: dict[str, Any], scopes: str | None) -> Finding:
    """What the token may mark; `scopes` with commas between them, as Slack tells them."""
    if scopes is None:
        return unknown(subject, "Slack takes its token, and does not say what it may do", "mark something")
    granted = {scope.strip() for scope in scopes.split(",")}
    lacking = {kind: needs for kind, needs in SCOPES.items() if not granted & {*needs, CLASSIC}}
    if not lacking:
        return ok(subject, "its token is good for every kind of conversation")
    kinds = [f"{kind} ({' or '.join(needs)})" for kind, needs in lacking.items()]
    # Who is in channels only needs no more.
    judge = doubt if len(lacking) < len(SCOPES) else wrong
    return judge(subject, f"its token lacks the scopes of {', '.join(kinds)}", REINSTALL)
