"""`ringbook import` in small slices, for a process that is forked where everything is loaded already, and killed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ringbook.cli import main
from ringbook.core import import_files


def import_in_small_slices(arguments: list[str]) -> None:
    import_files.SLICE = 100
    sys.argv = ["ringbook", "import", *arguments]
    with Path(os.devnull).open("w") as sys.stdout:
        main()
