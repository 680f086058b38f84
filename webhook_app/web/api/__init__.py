"""`/api/v1`: one module a noun. A view parses, calls, answers."""
