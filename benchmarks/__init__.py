"""Ratios measured side by side; `make bench` prints them as a table."""
