"""The only floor that knows Flask."""
