"""Tests of `platforms/`."""
