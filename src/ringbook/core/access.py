"""The door: a secret goes in, and Records for its tenant, with its scopes, come out. Nothing else makes Records."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ringbook.core.accounts import Accounts
from ringbook.core.attempts import Attempts
from ringbook.core.caller_name import CallerNames
from ringbook.core.campaign_records import CampaignRecords
from ringbook.core.campaigns import Campaigns
from ringbook.core.claiming import Claims
from ringbook.core.contacts import Contacts
from ringbook.core.context import Context
from ringbook.core.datasets import DataSets
from ringbook.core.dialling import Dialling
from ringbook.core.dnc_lists import DncLists
from ringbook.core.do_not_call import DoNotCall
from ringbook.core.erasure import Erasure
from ringbook.core.events import EventHub, Events
from ringbook.core.exchanges import Exchanges
from ringbook.core.exports import Exports
from ringbook.core.finding import Finding
from ringbook.core.idempotency import Idempotency
from ringbook.core.import_profiles import ImportProfiles
from ringbook.core.import_rehearsals import Rehearsals
from ringbook.core.imports import Imports
from ringbook.core.intake import Intake
from ringbook.core.interactions import Interactions
from ringbook.core.journal import Journal
from ringbook.core.keys import Keys
from ringbook.core.lists import Lists
from ringbook.core.lookup import Lookup
from ringbook.core.may_call import Calling
from ringbook.core.merging import Merging
from ringbook.core.ordering import Ordering
from ringbook.core.passwords import Passwords
from ringbook.core.progress import Watching
from ringbook.core.reports import Reports
from ringbook.core.results import Results
from ringbook.core.schema import Schema
from ringbook.core.screenpop import ScreenPops
from ringbook.core.sessions import Sessions
from ringbook.core.templates import Templates
from ringbook.core.users import Users
from ringbook.core.webhooks import Webhooks
from ringbook.domain.access import Credential, Tenant, digest, implied
from ringbook.domain.dataset import Template
from ringbook.domain.phone import warm
from ringbook.domain.problems import Unauthenticated
from ringbook.store import credentials, directory, listeners
from ringbook.store.database import Database
from ringbook.store.journal import Author
from ringbook.store.within import Within

if TYPE_CHECKING:
    from ringbook.store.database import Tx

_TRUSTED_SECONDS = 0.5
"""How long a credential is believed without asking: a revoked one fails within a second on every worker."""
_MOST_CACHED = 10_000


class Records:
    """Everything the holder of a credential may do, for its tenant alone.

    `secret` is the digest of the secret that let them in: a key's, or that of a session of the console.
    """

    def __init__(
        self,
        context: Context,
        credential: Credential | None = None,
        template: Template | None = None,
        secret: bytes | None = None,
    ) -> None:
        self._context = context
        self._secret = secret
        self.tenant = context.tenant
        self.credential = credential
        self.template = template
        self.scopes = context.scopes
        self.actor = context.author.actor
        self.reading = context.phone
        self.require = context.require
        self.lookup = Lookup(context)
        self.caller_names = CallerNames(context)
        self.contacts = Contacts(context)
        self.merging = Merging(context)
        self.erasure = Erasure(context)
        self.screenpops = ScreenPops(context)
        self.schema = Schema(context)
        self.lists = Lists(context)
        self.intake = Intake(context)
        self.imports = Imports(context)
        self.import_profiles = ImportProfiles(context)
        self.rehearsals = Rehearsals(context)
        self.exports = Exports(context)
        self.campaigns = Campaigns(context)
        self.campaign_records = CampaignRecords(context)
        self.results = Results(context)
        self.dialling = Dialling(context)
        self.reports = Reports(context)
        self.attempts = Attempts(context)
        self.claims = Claims(context)
        self.calling = Calling(context)
        self.watching = Watching(context)
        self.interactions = Interactions(context)
        self.datasets = DataSets(context)
        self.templates = Templates(context)
        self.do_not_call = DoNotCall(context)
        self.dnc_lists = DncLists(context)
        self.journal = Journal(context)
        self.events = Events(context, credential, secret)
        self.webhooks = Webhooks(context)
        self.keys = Keys(context, credential)
        self.accounts = Accounts(context)
        self.exchanges = Exchanges(context)
        self.finding = Finding(context)
        self.ordering = Ordering(context)
        holder = context.author.actor if credential is None else str(credential.id)
        self.idempotency = Idempotency(context, holder, self.within)

    def within(self, tx: Tx) -> Records:
        """The same for use cases that are all part of this transaction: they are done whole, or none is."""
        context = replace(self._context, database=Within(self._context.database, tx))
        return Records(context, self.credential, self.template, self._secret)


class _Admitted(NamedTuple):
    records: Records
    seen: float


class Core:
    """What all tenants share: the database, and who was let in a moment ago.

    `passwords` is what users are let in with; a core without lets none in.
    """

    def __init__(self, database: Database, passwords: Passwords | None = None) -> None:
        self.database = database
        self.passwords = passwords
        self.users = Users(database, passwords, Records)
        self.hub = EventHub(database)
        self.sessions = Sessions(database, self.users, Records)
        self._admitted: OrderedDict[tuple[str, bytes], _Admitted] = OrderedDict()
        self._asking: dict[tuple[str, bytes], asyncio.Task[Records]] = {}

    async def authenticate(self, dialect: str, secret: str) -> Records:
        """Records for the holder of this secret; Unauthenticated if it is no live credential of the dialect.

        Only good credentials are remembered, by their hash, and for half a second; how many requests ask about one at
        the same moment, the database is asked once.
        """
        return await self._holder((dialect, digest(secret)))

    async def redeem(self, ticket: str) -> Records:
        """Records for who was sent with this ticket (`Events.ticket`), which is used up; else Unauthenticated."""
        async with self.database.transaction() as tx:
            name = await listeners.use_ticket(tx, digest(ticket))
        if name is None:
            raise Unauthenticated
        return await self._holder(name)

    async def _holder(self, name: tuple[str, bytes]) -> Records:
        admitted = self._admitted.get(name)
        if admitted is not None and time.monotonic() - admitted.seen < _TRUSTED_SECONDS:
            return admitted.records
        task = self._asking.get(name)
        if task is None:
            task = self._asking[name] = asyncio.create_task(self._admit(name, admitted))
            task.add_done_callback(partial(self._asked, name))
        # Shielded: who hangs up takes nobody else's answer away.
        return await asyncio.shield(task)

    async def admit_neighbour(self, address: str) -> Records:
        """Records for who comes without a key from an anonymous network of the tenant that answers CIM's paths.

        `address` is the IP address of the peer; Unauthenticated unless it is in one of those networks. As with keys,
        only a good one is remembered, for half a second.
        """
        name = ("neighbour", address.encode())
        admitted = self._admitted.get(name)
        if admitted is not None and time.monotonic() - admitted.seen < _TRUSTED_SECONDS:
            return admitted.records
        tenant = directory.neighbour_of(await self.database.lanes.ask(directory.BY_NEIGHBOUR, (), address))
        if tenant is None:
            self._admitted.pop(name, None)
            raise Unauthenticated
        known = None if admitted is None else admitted.records
        if known is None or known.tenant != tenant:
            author = Author(tenant.id, f"neighbour {address}", "cim")
            known = Records(Context(self.database, tenant, author, implied(frozenset({"admin"})), self.passwords))
        self._remember(name, known)
        return known

    def for_tenant(self, tenant: Tenant, actor: str) -> Records:
        """Records for who needs no key: the operator at the command line, the demo, the sweeper."""
        scopes = implied(frozenset({"admin"}))
        return Records(Context(self.database, tenant, Author(tenant.id, actor, "cli"), scopes, self.passwords))

    def _asked(self, name: tuple[str, bytes], task: asyncio.Task[Records]) -> None:
        self._asking.pop(name, None)
        if not task.cancelled():
            task.exception()  # seen, also where everybody who asked has hung up

    async def warm(self) -> None:
        """Read the numbering plans that the tenants' numbers need, so that no caller waits for it."""
        async with self.database.reading() as tx:
            regions = {tenant.region for tenant in await directory.tenants(tx)}
        for region in regions:
            warm(region)

    async def _admit(self, name: tuple[str, bytes], before: _Admitted | None) -> Records:
        dialect, hashed = name
        rows = await self.database.lanes.ask(credentials.BY_DIGEST, (dialect,), hashed.hex())
        admission = credentials.admission_of(rows)
        if admission is None:
            self._admitted.pop(name, None)
            raise Unauthenticated
        credential, tenant, template = admission
        known = None if before is None else before.records
        if known is None or (known.credential, known.tenant, known.template) != (
            credential,
            tenant,
            template,
        ):
            author = Author(tenant.id, credential.name, dialect)
            context = Context(self.database, tenant, author, implied(credential.scopes), self.passwords)
            known = Records(context, credential, template, hashed)
        self._remember(name, known)
        return known

    def _remember(self, name: tuple[str, bytes], records: Records) -> None:
        self._admitted[name] = _Admitted(records, time.monotonic())
        self._admitted.move_to_end(name)
        if len(self._admitted) > _MOST_CACHED:
            self._admitted.popitem(last=False)
