"""What crosses the wire: marshmallow, nothing of ours, no database, request or clock."""
