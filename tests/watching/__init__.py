"""The watchdog, step by step."""
