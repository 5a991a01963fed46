"""The door: a secret goes in, and Records for its tenant, with its scopes, come out. Nothing else makes Records."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from functools import partial
from typing import NamedTuple

from ringbook.core.attempts import Attempts
from ringbook.core.caller_name import CallerNames
from ringbook.core.campaign_records import CampaignRecords
from ringbook.core.campaigns import Campaigns
from ringbook.core.contacts import Contacts
from ringbook.core.context import Context
from ringbook.core.datasets import DataSets
from ringbook.core.dialling import Dialling
from ringbook.core.do_not_call import DoNotCall
from ringbook.core.interactions import Interactions
from ringbook.core.journal import Journal
from ringbook.core.keys import Keys
from ringbook.core.lists import Lists
from ringbook.core.lookup import Lookup
from ringbook.core.passwords import Passwords
from ringbook.core.reports import Reports
from ringbook.core.results import Results
from ringbook.core.schema import Schema
from ringbook.core.screenpop import ScreenPops
from ringbook.core.templates import Templates
from ringbook.core.users import Users
from ringbook.domain.access import Credential, Tenant, digest, implied
from ringbook.domain.dataset import Template
from ringbook.domain.phone import warm
from ringbook.domain.problems import Unauthenticated
from ringbook.store import directory
from ringbook.store.database import Database
from ringbook.store.journal import Author

_TRUSTED_SECONDS = 0.5
"""How long a credential is believed without asking: a revoked one fails within a second on every worker."""
_MOST_CACHED = 10_000


class Records:
    """Everything the holder of a credential may do, for its tenant alone."""

    def __init__(
        self, context: Context, credential: Credential | None = None, template: Template | None = None
    ) -> None:
        self.tenant = context.tenant
        self.credential = credential
        self.template = template
        self.lookup = Lookup(context)
        self.caller_names = CallerNames(context)
        self.contacts = Contacts(context)
        self.screenpops = ScreenPops(context)
        self.schema = Schema(context)
        self.lists = Lists(context)
        self.campaigns = Campaigns(context)
        self.campaign_records = CampaignRecords(context)
        self.results = Results(context)
        self.dialling = Dialling(context)
        self.reports = Reports(context)
        self.attempts = Attempts(context)
        self.interactions = Interactions(context)
        self.datasets = DataSets(context)
        self.templates = Templates(context)
        self.do_not_call = DoNotCall(context)
        self.journal = Journal(context)
        self.keys = Keys(context)


class _Admitted(NamedTuple):
    records: Records
    seen: float


class Core:
    """What all tenants share: the database, and who was let in a moment ago.

    `passwords` is what users are let in with; a core without lets none in.
    """

    def __init__(self, database: Database, passwords: Passwords | None = None) -> None:
        self.database = database
        self.users = Users(database, passwords, Records)
        self._admitted: OrderedDict[tuple[str, bytes], _Admitted] = OrderedDict()
        self._asking: dict[tuple[str, bytes], asyncio.Task[Records]] = {}

    async def authenticate(self, dialect: str, secret: str) -> Records:
        """Records for the holder of this secret; Unauthenticated if it is no live credential of the dialect.

        Only good credentials are remembered, by their hash, and for half a second; how many requests ask about one at
        the same moment, the database is asked once.
        """
        name = (dialect, digest(secret))
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
            known = Records(Context(self.database, tenant, author, implied(frozenset({"admin"}))))
        self._remember(name, known)
        return known

    def for_tenant(self, tenant: Tenant, actor: str) -> Records:
        """Records for who needs no key: the operator at the command line, the demo, the sweeper."""
        scopes = implied(frozenset({"admin"}))
        return Records(Context(self.database, tenant, Author(tenant.id, actor, "cli"), scopes))

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
        rows = await self.database.lanes.ask(directory.BY_DIGEST, (dialect,), hashed.hex())
        admission = directory.admission_of(rows)
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
            context = Context(self.database, tenant, author, implied(credential.scopes))
            known = Records(context, credential, template)
        self._remember(name, known)
        return known

    def _remember(self, name: tuple[str, bytes], records: Records) -> None:
        self._admitted[name] = _Admitted(records, time.monotonic())
        self._admitted.move_to_end(name)
        if len(self._admitted) > _MOST_CACHED:
            self._admitted.popitem(last=False)
