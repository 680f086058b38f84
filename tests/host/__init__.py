"""gunicorn with our settings and our worker, as real processes."""
