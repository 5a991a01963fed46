"""The command line."""

from __future__ import annotations

from ringbook.cli.commands import main

__all__ = ["main"]
