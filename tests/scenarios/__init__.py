"""Stories over the whole service: real gunicorn processes, real databases, real sockets, real trouble."""
