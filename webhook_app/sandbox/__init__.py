"""X's side of the world, and Slack's, pretended over real HTTP: a program of its own.

Nothing here imports the service it is used to try, so that a misreading of a platform's pages is not mirrored
on both sides; the judge of X's side is ``xdk``, X's own SDK. One module a noun: what X offers (``webhooks``,
``account_activity``, ``activity``, ``replay``, ``authorize``, ``classic``, ``mark_read``), on what terms
(``access``, ``permissions``, ``inspector``), what happens there (``happenings``, ``people``, ``life``), how
it reaches a consumer (``publisher``, ``sender``, ``courier``, ``replayer``), Slack's Web API (``slack`` and
what begins so), and ``control``, the strings in the hands of tests. All of it goes by one clock, an argument,
but for waiting: a second until a retry takes a second.
"""
