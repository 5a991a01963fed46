"""Write src/ringbook/store/schema.sql anew: what all migrations together make, to be read in one place.

.venv/bin/python scripts/schema_dump.py
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from pathlib import Path

import asyncpg

from ringbook.store.embedded import EmbeddedServer, open_embedded
from ringbook.store.migrate import migrate

SCHEMA = Path(__file__).parents[1] / "src" / "ringbook" / "store" / "schema.sql"
HEADER = """\
-- The schema that all migrations together make. Nobody applies this file: it is for reading, and a test keeps it
-- equal to the migrations. Refresh it with scripts/schema_dump.py.

"""

# pg_dump says how it was made, how to restore, and a random word against tricked restores: none of it is the schema.
_NOT_SCHEMA = re.compile(r"^(--.*|SET .*|SELECT pg_catalog\.set_config.*|\\(un)?restrict .*)\n", re.MULTILINE)
_BLANKS = re.compile(r"\n{3,}")


def dump(server: EmbeddedServer, database: str) -> str:
    """The schema of one of the server's databases as text that two equal schemas share."""
    options = ("--schema-only", "--no-owner", "--no-privileges", f"--dbname={database}")
    text = server.client("pg_dump", *options, capture_output=True).stdout.decode()
    return HEADER + _BLANKS.sub("\n\n", _NOT_SCHEMA.sub("", text)).strip() + "\n"


async def _migrated(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await migrate(connection)
    await connection.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, open_embedded(Path(folder) / "data", serving=True) as server:
        asyncio.run(_migrated(server.dsn))
        SCHEMA.write_text(dump(server, "ringbook"))


if __name__ == "__main__":
    main()
