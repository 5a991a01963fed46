# mypy: disable-error-code="import-not-found, untyped-decorator, misc, no-any-return"
# These packages are installed for the bench alone.
"""What a team writes itself: FastAPI, SQLAlchemy Core on asyncpg, uvicorn.

It is written with care (statements are built once, reads need no transaction) and does less than Ringbook: a contact
and its numbers by two queries, for one fixed token; no data sets, campaigns or calls in the answer, no limits, no
counters, no log.
"""

from __future__ import annotations

import os
import secrets
from typing import Annotated, Any

import phonenumbers
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from sqlalchemy import BigInteger, Column, DateTime, MetaData, Table, Text, bindparam, select
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.ext.asyncio import create_async_engine

TOKEN = "bench-reads-native-secret"
TENANT = int(os.environ.get("BENCH_TENANT", "1"))

metadata = MetaData()
contacts = Table(
    "contact",
    metadata,
    Column("tenant_id", BigInteger, primary_key=True),
    Column("id", BigInteger, primary_key=True),
    Column("attributes", JSON),
    Column("deleted_at", DateTime(timezone=True)),
)
phones = Table(
    "contact_phone",
    metadata,
    Column("tenant_id", BigInteger, primary_key=True),
    Column("match_key", Text, primary_key=True),
    Column("contact_id", BigInteger, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("raw", Text),
    Column("e164", Text),
)

people_of_number = (
    select(contacts.c.id, contacts.c.attributes)
    .join(phones, (phones.c.tenant_id == contacts.c.tenant_id) & (phones.c.contact_id == contacts.c.id))
    .where(
        phones.c.tenant_id == bindparam("tenant"),
        phones.c.match_key == bindparam("number"),
        contacts.c.deleted_at.is_(None),
    )
)
phones_of_people = select(phones.c.contact_id, phones.c.raw, phones.c.e164, phones.c.source).where(
    phones.c.tenant_id == bindparam("tenant"), phones.c.contact_id.in_(bindparam("people", expanding=True))
)

engine = create_async_engine(
    os.environ.get("BENCH_DSN", "postgresql+asyncpg://"), pool_size=16, max_overflow=0, isolation_level="AUTOCOMMIT"
)
app = FastAPI()
bearer = HTTPBearer()


class Phone(BaseModel):
    raw: str
    e164: str | None
    source: str


class Contact(BaseModel):
    id: int
    attributes: dict[str, Any]
    phones: list[Phone]


class Answer(BaseModel):
    number: str
    contacts: list[Contact]


async def authenticated(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> int:
    """The tenant of the token."""
    if not secrets.compare_digest(credentials.credentials, TOKEN):
        raise HTTPException(401)
    return TENANT


@app.get("/v1/lookup")
async def lookup(phone: str, tenant: Annotated[int, Depends(authenticated)]) -> Answer:
    number = phonenumbers.parse(phone, "US")
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    async with engine.connect() as connection:
        people = (await connection.execute(people_of_number, {"tenant": tenant, "number": e164})).all()
        ids = [person.id for person in people]
        numbers = await connection.execute(phones_of_people, {"tenant": tenant, "people": ids})
        of: dict[int, list[Phone]] = {}
        for row in numbers:
            of.setdefault(row.contact_id, []).append(Phone(raw=row.raw, e164=row.e164, source=row.source))
    return Answer(
        number=e164,
        contacts=[Contact(id=p.id, attributes=p.attributes, phones=of.get(p.id, [])) for p in people],
    )
