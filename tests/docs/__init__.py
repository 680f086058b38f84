"""What `docs/` promises."""
