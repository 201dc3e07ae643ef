"""What this project adds to `kedro`: one file a command."""
