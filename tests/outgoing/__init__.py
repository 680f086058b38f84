"""Marks on their way out: services, dispatcher, and a sandbox that takes them or does not."""
