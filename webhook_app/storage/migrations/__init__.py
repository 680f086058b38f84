"""The road to the tables of today."""

#: Every revision, oldest first. An unknown one belongs to a newer release.
KNOWN = ("0001", "0002", "0003", "0004", "0005")
