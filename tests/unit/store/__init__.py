"""Tests of the store's parts in memory: no file, no thread."""

from pathlib import Path

NO_FOLDER = Path("/nonexistent")
"""For what must not touch the disk."""
