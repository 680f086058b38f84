"""`python -m webhook_app` is the command `readmark`, also where the project is not installed."""

from webhook_app.cli import main

main()
