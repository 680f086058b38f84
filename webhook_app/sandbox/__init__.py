"""X's side of the world, pretended over real HTTP: a program of its own.

Nothing here imports the service it is used to try, so that a misreading of X's pages is not mirrored on both
sides; the judge of this package is ``xdk``, X's own SDK. One module a noun: what X offers (``webhooks``,
``account_activity``, ``activity``), what happens there (``happenings``, ``people``, ``life``), how it reaches
a consumer (``publisher``, ``sender``, ``courier``), and ``control``, the strings in the hands of tests.
"""
