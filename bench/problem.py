"""What keeps a bench from running, in one sentence."""

from __future__ import annotations


class BenchProblem(Exception):
    """The sentence for whoever runs it."""
