"""The examples of docs/clients.md, taken out of it and run."""
