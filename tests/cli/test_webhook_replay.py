"""What was missed is asked for again, in pieces, and waited for until X has said how each has ended."""

import json
import time
from datetime import UTC, datetime

import pytest

from tests.cli.connected import Ask, refused
from tests.conftest import CONSUMER_SECRET
from tests.platforms.far_end import Answer, FarEnd
from tests.sandbox.consumer import Consumer
from webhook_app.cli.webhook_replay import Course, insist
from webhook_app.domain.inbound import Inbound, Notice
from webhook_app.errors import DatabaseUnavailable, StorageError
from webhook_app.sandbox.memory import Remembered
from webhook_app.sandbox.server import Sandbox
from webhook_app.services import Services

MINUTE, HOUR = 60, 3600  # seconds
READER, BOT = "1693649419", "1245855954975051776"
READ = {
    "created_timestamp": "1586217000000",
    "sender_id": READER,
    "target": {"recipient_id": BOT},
    "last_read_event_id": "1247310121283321862",
}
BODY = json.dumps({"for_user_id": BOT, "direct_message_mark_read_events": [READ]}).encode()


@pytest.fixture
def place(environ: dict[str, str]) -> dict[str, str]:
    """Notices are kept on either database."""
    return environ


def ago(seconds: float) -> str:
    """A moment as an operator writes it."""
    return datetime.fromtimestamp(time.time() - seconds, UTC).isoformat(timespec="minutes")


def happened(x: Sandbox, webhook: str, seconds_ago: float, body: bytes) -> None:
    """X remembers an event that it could not deliver."""
    x.world.state.memory.add(webhook, Remembered(time.time() - seconds_ago, "read", body, ()))


def test_an_interval_is_replayed_piece_for_piece_until_all_is_there(
    ask: Ask, x: Sandbox, service: str, beside: Services
) -> None:
    webhook = ask("register", service).stdout.split()[0]
    happened(x, webhook, 2.5 * HOUR, BODY)
    result = ask("replay", webhook, "--from", ago(5 * HOUR), "--to", ago(HOUR), "--wait", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line.get("state") for line in lines] == [None, "Complete"] * 2
    assert [line["job"] for line in lines[::2]] == [line["job"] for line in lines[1::2]]
    jobs = lines[1::2]
    assert jobs[0]["to"] == jobs[1]["from"]
    assert [job["delivered"] for job in x.world.replayer.as_json()] == [0, 1]
    position, _ = beside.store.position(("twitter", READER, BOT))
    assert str(position.cursor) == READ["last_read_event_id"]
    assert ask("job", jobs[1]["job"]).stdout.split()[:2] == [jobs[1]["job"], "Complete"]


def test_what_is_not_delivered_again_is_told(ask: Ask, x: Sandbox, service: str) -> None:
    webhook = ask("register", service).stdout.split()[0]
    # Signed like a CRC answer of ours, which the service refuses.
    happened(x, webhook, 2 * HOUR, b"12")
    result = ask("replay", webhook, "--from", ago(3 * HOUR), "--to", ago(HOUR), "--wait")
    assert result.exit_code == 1
    assert "  Incomplete  " in result.stdout
    assert result.stderr == "Not everything was delivered again; ask for the interval once more.\n"
    job = result.stdout.split()[0]
    assert ask("job", job).exit_code == 1


def test_without_waiting_it_says_the_job(ask: Ask, x: Sandbox, service: str) -> None:
    webhook = ask("register", service).stdout.split()[0]
    result = ask("replay", webhook, "--from", ago(2 * HOUR), "--to", ago(HOUR))
    (job,) = x.world.replayer.as_json()
    assert (result.exit_code, result.stdout.split()[0]) == (0, job["id"])
    assert result.stdout.endswith("  started\n")


def test_a_job_of_which_nothing_comes_is_waited_for_only_so_long(ask: Ask) -> None:
    # This consumer keeps nothing.
    with Consumer(CONSUMER_SECRET) as consumer:
        webhook = ask("register", consumer.url).stdout.split()[0]
        words = ("--from", ago(2 * HOUR), "--to", ago(HOUR), "--wait", "--timeout", "0.001")
        result = ask("replay", webhook, *words)
    job, *_, state = result.stdout.strip().split("  ")
    assert (result.exit_code, state) == (1, "started")
    under_way, error = result.stderr.splitlines()
    assert under_way == f"Under way is {job}: readmark webhook job {job} tells its end."
    assert error.startswith("Error: X has not said in time that this replay has ended: ")


def test_a_job_that_nobody_knows_is_refused(ask: Ask, beside: Services) -> None:
    assert refused(ask("job", "42")).startswith("X has said nothing of a replay '42' yet: ")
    notice = Notice(
        "twitter", "replay", "42", 1_795_219_200_000, '{"state": "Incomplete", "description": "x"}'
    )
    beside.store.record(Inbound("twitter", notices=[notice]))
    assert ask("job", "42").stdout == "42  Incomplete  x  2026-11-21T00:00:00.000Z\n"


@pytest.mark.parametrize(
    ("since", "until", "sentence"),
    [
        ("yesterday", HOUR, "--from: Not a time with its zone, like "),
        # Whose eight o'clock?
        (3 * HOUR, "2026-11-21T08:00", "--to: Not a time with its zone, like "),
        (HOUR, 2 * HOUR, "--to: Not after --from."),
        (25 * HOUR, 24 * HOUR, "--from: X does not go back so far; from "),
        (20 * MINUTE, 15 * MINUTE, "--from: X wants a beginning at least 31 min ago; 20"),
        (HOUR, 5 * MINUTE, "--to: X wants an end at least 10 min ago; 20"),
        (5 * HOUR, HOUR, "--to: X takes this interval in 2 jobs, one after the other: "),
    ],
)
def test_an_interval_that_x_does_not_take_is_refused_before_x_is_asked(
    ask: Ask, since: str | int, until: str | int, sentence: str
) -> None:
    begin, end = (at if isinstance(at, str) else ago(at) for at in (since, until))
    assert refused(ask("replay", "42", "--from", begin, "--to", end)).startswith(sentence)


def test_a_webhook_that_is_not_there_is_refused(ask: Ask) -> None:
    sentence = refused(ask("replay", "42", "--from", ago(2 * HOUR), "--to", ago(HOUR)))
    assert sentence.startswith("X knows no webhook 42 of this app")


CONFLICT = Answer(
    409, b'{"errors":[{"message":"ReplayConflictError: A replay job is already in progress."}]}'
)
STARTED = Answer(200, b'{"data":{"job_id":"11","created_at":"2026-11-21T00:00:00.000Z"}}')


def test_another_job_is_refused_or_waited_for(ask: Ask, beside: Services) -> None:
    notice = Notice("twitter", "replay", "11", 1_795_219_200_000, '{"state": "Complete", "description": ""}')
    beside.store.record(Inbound("twitter", notices=[notice]))
    words = ("replay", "7", "--from", ago(5 * HOUR), "--to", ago(3 * HOUR + MINUTE))
    with FarEnd() as far_end:
        far_end.answers += [CONFLICT, CONFLICT, STARTED]
        assert "is still running: wait for its end" in refused(ask(*words, TWITTER_API_URL=far_end.url))
        waited = ask(*words, "--wait", "--timeout", "0.002", TWITTER_API_URL=far_end.url)
    assert (waited.exit_code, waited.stdout.split()[0]) == (0, "11")


def test_what_breaks_off_says_what_is_left(ask: Ask, beside: Services) -> None:
    notice = Notice("twitter", "replay", "11", 1_795_219_200_000, '{"state": "Complete", "description": ""}')
    beside.store.record(Inbound("twitter", notices=[notice]))
    with FarEnd() as far_end:
        far_end.answers += [STARTED, Answer(503)]
        words = ("--from", ago(5 * HOUR), "--to", ago(HOUR), "--wait")
        result = ask("replay", "7", *words, TWITTER_API_URL=far_end.url)
    assert (result.exit_code, len(result.stdout.splitlines())) == (1, 2)
    left, error = result.stderr.splitlines()
    assert left == f"What is left begins at {result.stdout.split('  ')[2]}."
    assert error.endswith("(HTTP 503): try again later.")


def test_the_latest_end_that_would_do_is_named_and_does(ask: Ask) -> None:
    latest = refused(ask("replay", "42", "--from", ago(HOUR), "--to", ago(0))).split()[-3]
    assert "no webhook 42" in refused(ask("replay", "42", "--from", ago(HOUR), "--to", latest))


@pytest.mark.parametrize("minutes", ["nan", "inf", "0", "-1"])
def test_a_time_to_wait_is_a_number_of_minutes(ask: Ask, minutes: str) -> None:
    result = ask("replay", "7", "--from", ago(HOUR), "--to", ago(0), "--wait", "--timeout", minutes)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--timeout" in result.stderr


def test_a_database_that_comes_back_is_waited_for() -> None:
    answers: list[StorageError | str] = [DatabaseUnavailable(), "there"]

    def ask() -> str:
        answer = answers.pop(0)
        if isinstance(answer, StorageError):
            raise answer
        return answer

    assert insist(ask, time.monotonic() + 60, pause=0) == "there"
    answers.append(DatabaseUnavailable())
    with pytest.raises(DatabaseUnavailable):
        insist(ask, time.monotonic(), pause=0)


def test_who_is_interrupted_says_what_is_under_way_and_what_is_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    minutes = [1_795_219_200_000 + minute * 60_000 for minute in range(4)]
    course = Course(minutes[0], minutes[3])
    course.started("11", minutes[1])
    course.ended()
    course.started("12", minutes[2])
    with pytest.raises(KeyboardInterrupt), course:
        raise KeyboardInterrupt
    assert capsys.readouterr().err.splitlines() == [
        "Under way is 12: readmark webhook job 12 tells its end.",
        "What is left begins at 2026-11-21T00:02:00.000Z.",
    ]
