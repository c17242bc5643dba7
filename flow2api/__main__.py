"""`python -m flow2api` is the `flow2api` command."""

from flow2api.cli import main

if __name__ == "__main__":
    main()
