"""The options that most commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path | None,
    typer.Option(help="Folder of the embedded PostgreSQL.", envvar="RINGBOOK_DATA", show_default="user data"),
]
DatabaseUrl = Annotated[str | None, typer.Option("--database", help="Your own PostgreSQL.", envvar="RINGBOOK_DATABASE")]
Tenant = Annotated[
    str | None, typer.Option(help="The tenant's slug, where there are several.", envvar="RINGBOOK_TENANT")
]
Json = Annotated[bool, typer.Option("--json", help="For a program.", envvar="RINGBOOK_JSON")]
