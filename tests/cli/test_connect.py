"""An account authorises the app in a browser, hands over a PIN, and is stored and subscribed."""

import json
import os
import re
from pathlib import Path

import pytest
import requests
from click.testing import Result

from tests.cli.conftest import Run
from tests.cli.connected import BOT, KEY, SECRETS, Ask, environment_of
from tests.cli.processes import Process
from tests.conftest import CONSUMER_SECRET
from tests.host.hosting import until
from tests.platforms.far_end import Answer, FarEnd
from tests.sandbox.consumer import Consumer
from webhook_app.errors import NotFound
from webhook_app.platforms.twitter_examine import LEVEL
from webhook_app.sandbox.server import Sandbox
from webhook_app.services import Services
from webhook_app.storage.audit import list_audit


def connect(run: Run, place: dict[str, str], url: str, *words: str, typed: str = "", **env: str) -> Result:
    """Run `accounts connect`."""
    of_app = {"TWITTER_API_URL": url, "TWITTER_CONSUMER_KEY": KEY}
    result = run("accounts", "connect", *words, typed=typed, **(place | of_app | env))
    assert not [secret for secret in SECRETS if secret in result.output + result.stderr]
    return result


def agree(address: str) -> str:
    """What a browser does: the account opens the address and agrees; returns the PIN that X shows."""
    page = requests.get(address, timeout=60)
    (token,) = re.findall('name="oauth_token" value="([^"]+)"', page.text)
    answer = requests.post(page.url, data={"oauth_token": token, "user": BOT.user_id}, timeout=60)
    (pin,) = re.findall("<code>([0-9]{7})</code>", answer.text)
    return str(pin)


def test_an_account_is_connected_by_a_pin_on_a_terminal(
    place: dict[str, str], x: Sandbox, ask: Ask, beside: Services, tmp_path: Path
) -> None:
    terminal, typed = os.openpty()
    env = {name: text for name, text in environment_of(x).items() if "ACCESS_TOKEN" not in name}
    with Consumer(CONSUMER_SECRET) as consumer:
        assert ask("register", consumer.url).exit_code == 0
    process = Process(tmp_path, ("accounts", "connect"), place | env, stdin=typed)
    try:
        until(lambda: "oauth_token=" in process.out)
        os.write(terminal, b"1234567\n")
        until(lambda: "X does not take this PIN" in process.err)
        os.write(terminal, agree(process.out.split()[-1]).encode() + b"\n")
        until(lambda: "Have X deliver" in process.err)
        os.write(terminal, b"y\n")
        assert process.popen.wait(60) == 0, process.err
    finally:
        process.kill()
        os.close(typed)
        os.close(terminal)
    assert beside.store.accounts.credentials("twitter", BOT.user_id) == {
        "access_token": BOT.access_token, "access_token_secret": BOT.access_token_secret,
    }  # fmt: skip
    assert f"twitter/{BOT.user_id}  active  since 20" in process.out
    assert "asks you to tell people" in " ".join(process.out.split())
    assert "  dm.read  " in ask("subscriptions").stdout
    assert not [secret for secret in SECRETS if secret in process.out + process.err]


def test_three_wrong_pins_are_enough(run_bare: Run, place: dict[str, str], x: Sandbox) -> None:
    result = connect(run_bare, place, x.url, typed="1234567\nnonsense\n7654321\n")
    assert result.exit_code == 1
    assert result.stderr.count("X does not take this PIN") == 3
    assert "Error: X does not take this PIN" in result.stderr
    assert run_bare("accounts", "list", **place).stdout == ""


CALLBACK = (
    b'<errors><error code="415">Callback URL not approved for this client application.</error></errors>'
)
REFUSED = [
    (Answer(401, b'{"errors":[{"code":32,"message":"Could not authenticate you."}]}'),
     "X does not believe TWITTER_CONSUMER_KEY and TWITTER_CONSUMER_SECRET: give both as X"),
    (Answer(401, b'<errors><error code="32">Could not authenticate you</error></errors>'),
     "X does not believe TWITTER_CONSUMER_KEY and TWITTER_CONSUMER_SECRET: "),
    (Answer(403, CALLBACK), "The X app does not let accounts authorise it by a PIN: "),
    (Answer(403, b'{"errors":[{"code":453,"message":"You have access to a subset."}]}'),
     "The access tier of the X app does not include this (You have access to a subset): "),
    (Answer(503, b"<html>Over capacity</html>"), "X cannot answer just now (HTTP 503): "),
    (Answer(200, b"<html>hello</html>"), "What answers at TWITTER_API_URL does not speak as X does: see"),
    (Answer(302, b"", (("Location", "http://127.0.0.1:9/"),)), "What answers at TWITTER_API_URL sends us"),
    (Answer(drop=True), "X did not answer (ConnectionError): "),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "sentence"), REFUSED, ids=range(len(REFUSED)))
def test_an_app_that_x_does_not_take_is_told_why(
    run_bare: Run, place: dict[str, str], answer: Answer, sentence: str
) -> None:
    with FarEnd() as far_end:
        far_end.always = answer
        result = connect(run_bare, place, far_end.url)
        assert len(far_end.came) == 1
    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (1, "", 1)
    assert result.stderr.startswith(f"Error: {sentence}")


def test_an_account_that_the_settings_give_gets_its_tokens_there(
    run_bare: Run, place: dict[str, str], beside: Services
) -> None:
    old = {"TWITTER_ACCESS_TOKEN": f"{BOT.user_id}-old", "TWITTER_ACCESS_TOKEN_SECRET": "old"}
    with FarEnd() as far_end:
        far_end.answers += [ASKED, Answer(200, GIVEN)]
        result = connect(run_bare, place, far_end.url, typed="1234567\n", **old)
    assert result.exit_code == 1
    first, *_, last = result.stderr.splitlines()
    assert first.startswith("TWITTER_ACCESS_TOKEN gives an account already. ")
    assert last.startswith("Error: account: The environment gives this account: put the new credentials")
    with pytest.raises(NotFound):
        beside.store.accounts.credentials("twitter", BOT.user_id)
    # Another account than that of the settings is welcome.
    with FarEnd() as far_end:
        far_end.answers += [ASKED, Answer(200, GIVEN)]
        other = old | {"TWITTER_ACCESS_TOKEN": "42-old"}
        assert connect(run_bare, place, far_end.url, typed="1234567\n", **other).exit_code == 0


def test_without_the_apps_key_nothing_is_asked(run_bare: Run, place: dict[str, str], x: Sandbox) -> None:
    result = connect(run_bare, place, x.url, TWITTER_CONSUMER_KEY="")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: TWITTER_CONSUMER_KEY and TWITTER_CONSUMER_SECRET are not both set.\n"


ASKED = Answer(200, b"oauth_token=abc&oauth_token_secret=def&oauth_callback_confirmed=true")
GIVEN = f"oauth_token={BOT.access_token}&oauth_token_secret={BOT.access_token_secret}&user_id=1".encode()


def verified(level: str) -> Answer:
    """What X says of a new token."""
    return Answer(200, b'{"id_str": "1"}', (("x-access-level", level),))


@pytest.mark.parametrize(("level", "lines"), [(LEVEL, 0), ("read", 1), ("read-write", 1)])
def test_what_a_new_token_may_not_do_is_told_at_once(
    run_bare: Run, place: dict[str, str], level: str, lines: int
) -> None:
    with FarEnd() as far_end:
        far_end.answers += [ASKED, Answer(200, GIVEN), verified(level)]
        result = connect(run_bare, place, far_end.url, typed="1234567\n")
    assert result.exit_code == 0
    _, *told = result.stderr.splitlines()
    assert len(told) == lines
    assert not told or told[0].startswith(f"X says that its token is good for {level} only, not for ")


@pytest.mark.parametrize("words", [("--no-subscribe",), ()])
def test_without_a_terminal_nothing_is_subscribed_unasked(
    run_bare: Run, place: dict[str, str], beside: Services, words: tuple[str, ...]
) -> None:
    with FarEnd() as far_end:
        far_end.answers += [ASKED, Answer(200, GIVEN)]
        result = connect(run_bare, place, far_end.url, *words, typed="1234567\n")
        # The third only asks what the new token may do.
        assert [came.path.partition("?")[0] for came in far_end.came] == [
            "/oauth/request_token", "/oauth/access_token", "/1.1/account/verify_credentials.json",
        ]  # fmt: skip
    assert result.exit_code == 0
    assert f"{far_end.url}/oauth/authorize?oauth_token=abc" in result.stdout
    assert result.stdout.endswith(f"When you want its events: readmark webhook subscribe {BOT.user_id}\n")
    account = json.loads(run_bare("accounts", "list", "--json", **place).stdout)
    assert (account["id"], account["configured"]) == (BOT.user_id, False)
    (deed,) = beside.store.read(lambda connection: list_audit(connection, None, 9))
    assert (deed.who, deed.subject) == ("command line", f"twitter/{BOT.user_id}")


def test_to_subscribe_takes_a_webhook(run_bare: Run, place: dict[str, str]) -> None:
    with FarEnd() as far_end:
        none = Answer(200, b'{"data":[],"meta":{"result_count":0}}')
        far_end.answers += [ASKED, Answer(200, GIVEN), verified(LEVEL), none]
        env = {"TWITTER_BEARER_TOKEN": "bearer"}
        result = connect(run_bare, place, far_end.url, "--subscribe", typed="1234567\n", **env)
    assert result.exit_code == 1
    assert (
        "--webhook: There is no webhook yet; register one by: readmark webhook register URL" in result.stderr
    )
    # The account is connected all the same.
    assert BOT.user_id in run_bare("accounts", "list", **place).stdout
