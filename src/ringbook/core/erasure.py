"""A person is erased: out of every table and of the journal, barred by hashes, with a receipt that names nobody.

What is another person's stays: a number that another contact has too is that one's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ringbook.core import identity
from ringbook.core.contacts import check_version
from ringbook.core.context import Context
from ringbook.core.suppression import suppressed_key
from ringbook.domain.erasure import ERASED_LIST, Receipt, Traces, telling, without_texts
from ringbook.domain.linking import value_key, values_of
from ringbook.domain.phone import MatchKey, Phone
from ringbook.domain.problems import Conflict, MergedAway, Missing, Unavailable
from ringbook.domain.schema import CUSTOMER_ID, Schema
from ringbook.domain.text import search_key
from ringbook.store import contacts, do_not_call, journal, lists
from ringbook.store import erasure as stored
from ringbook.store import identity as identities
from ringbook.store import schema as schemas
from ringbook.store.erasure import Link, Person
from ringbook.store.idempotency import forget_answers
from ringbook.store.merging import hold_calls, hold_records

if TYPE_CHECKING:
    from ringbook.store.database import Tx

_FEWEST_DIGITS = 7
"""A number with fewer digits that is not valid is an extension: others have it, too."""


class Erasure:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def erase(self, contact_id: int, *, version: int | None = None) -> Receipt:
        """Erase the person: the contact, deleted or not, with all that became part of it. It cannot be undone.

        Missing if there is nothing of the contact; MergedAway if it is part of another one, which can be erased.
        Of calls and attempts stays what counts them. Each number is barred from now on, by a hash. Conflict while a
        file is being imported, which may have the person.
        """
        self._context.require("admin")
        if self._context.passwords is None:
            raise Unavailable("Without the key file nobody is erased: numbers could not be barred.")
        async with self._context.database.transaction() as tx:
            await self._refuse_imports(tx)
            asked = await self._person(tx, contact_id)
            links = await self._hold_records(tx, asked)
            schema = await schemas.for_writing(tx, self._tenant_id)
            await self._lock_identity(tx, schema, asked)
            for id_ in asked.contacts:
                with suppress(Missing):
                    held = await contacts.get(tx, self._tenant_id, id_, for_update=True)
                    check_version(held, version if id_ == contact_id else None)
            await hold_calls(tx, self._tenant_id, asked.contacts)
            person = await self._person(tx, contact_id)
            return await self._erase(tx, schema, contact_id, person, links)

    async def _refuse_imports(self, tx: Tx) -> None:
        """Conflict while a file waits to be imported, or is: nobody knows yet who is in it."""
        import_id = await stored.pending_import(tx, self._tenant_id)
        if import_id is not None:
            message = f"Import {import_id} may bring the person back: erase when it is done, or cancel it."
            raise Conflict(message, import_id=import_id)

    async def _person(self, tx: Tx, contact_id: int) -> Person:
        try:
            await contacts.get(tx, self._tenant_id, contact_id)
        except MergedAway:
            raise
        except Missing:
            pass  # a deleted one can be erased as well
        person = await stored.person(tx, self._tenant_id, contact_id)
        if person is None:
            raise Missing
        return person

    async def _hold_records(self, tx: Tx, person: Person) -> list[Link]:
        """The person's list records, held with their lists, which writers take first."""
        schema = await schemas.schema(tx, self._tenant_id)
        keys = {phone.match_key for phone in self._phones(schema, person)}
        keys -= await stored.shared(tx, self._tenant_id, keys, person.contacts)
        links = await stored.records(tx, self._tenant_id, person.contacts, keys)
        for list_id in sorted({link.list_id for link in links}):
            await lists.lock(tx, self._tenant_id, list_id)
        await hold_records(tx, self._tenant_id, person.contacts)
        return links

    async def _lock_identity(self, tx: Tx, schema: Schema, person: Person) -> None:
        await identities.lock_identity(tx, self._tenant_id, self._keys(schema, person))

    def _keys(self, schema: Schema, person: Person) -> set[str]:
        """All identity keys that a writer of the person can ever have held, whatever it took for telling."""
        phones = self._phones(schema, person)
        keys = {*identity.identifying(self._context, phones)}
        keys.update(identity.identifying(self._context, phones, same_digits=True))
        for known in person.values:
            customer_id = str(known.get(CUSTOMER_ID) or "").strip() or None
            keys.update(identity.held_keys(schema, customer_id, (), known))
            keys.update(value_key(value) for _, value in values_of(schema.attributes, known))
        return keys

    def _phones(self, schema: Schema, person: Person) -> list[Phone]:
        """The person's numbers, of now and before, that are nobody else's by their nature."""
        named = schema.phone_keys | {alias for a in schema.attributes if a.type == "Phone" for alias in a.aliases}
        raws = {raw for known in person.values for raw in telling(known.get(key) for key in named)} | {*person.raws}
        phones = (self._context.phone(raw) for raw in sorted(raws))
        return [p for p in phones if p.identifies or (len(p.digits) >= _FEWEST_DIGITS and not p.literal)]

    async def _erase(self, tx: Tx, schema: Schema, contact_id: int, person: Person, links: Sequence[Link]) -> Receipt:
        tenant_id = self._tenant_id
        keys = {phone.match_key for phone in self._phones(schema, person)}
        others = await stored.shared(tx, tenant_id, keys, person.contacts)
        own = keys - others
        traces = Traces(own, await self._emails(tx, schema, person), self._context.phone)
        record_ids = [link.id for link in links]
        campaign_record_ids = await stored.campaign_records(tx, tenant_id, record_ids)
        attempts = await stored.forget_attempts(tx, tenant_id, person.contacts, campaign_record_ids, own)
        await self._drop_records(tx, links)
        calls = await stored.forget_calls(tx, tenant_id, person.contacts, own)
        data_sets = await stored.drop_data_sets(tx, tenant_id, own)
        hashed = {key: each for key in own if (each := suppressed_key(self._context, key))}
        barred = await self._suppress(tx, hashed)
        owned = {
            "contact": person.contacts,
            "identity": person.contacts,
            "list_record": record_ids,
            "campaign_record": campaign_record_ids,
            "interaction": calls,
            "data_set": data_sets,
        }
        entries = 0
        for entity, ids in owned.items():
            entries += await stored.blank_journal(tx, tenant_id, entity, ids)
        entries += await self._clean_partners(tx, person)
        entries += await self._clean_journal(tx, traces)
        copies = await stored.drop_copies(tx, tenant_id, traces, person.contacts)
        await stored.drop_files(tx, tenant_id)
        await self._refuse_imports(tx)  # a dry run's file may have become an import's since we looked
        await forget_answers(tx, tenant_id)
        await stored.drop_contacts(tx, tenant_id, person.contacts)
        await stored.drop_keys(tx, tenant_id, {*self._keys(schema, person), *own})
        reached = {
            "contacts": len(person.contacts),
            "list_records": len(links),
            "calls": len(calls),
            "attempts": attempts,
            "data_sets": len(data_sets),
            "journal_entries": entries,
            "copies": copies,
            "numbers_barred": len(hashed),
            "numbers_of_others": len(others),
            "do_not_call_entries": barred,
        }
        await journal.record(tx, self._context.author, "erasure", contact_id, None, reached)
        return Receipt(contact_id, await stored.now(tx, tenant_id), reached)

    async def _emails(self, tx: Tx, schema: Schema, person: Person) -> set[str]:
        """The addresses that the person ever had, but for those that another contact has."""
        emails = {text for known in person.values for text in telling(known.values()) if "@" in text}
        own = set()
        for email in emails:
            entries = [(a.id, search_key(email)) for a in schema.attributes if a.type == "Email"]
            holders = [await identities.holder_of(tx, self._tenant_id, entry, person.contacts[0]) for entry in entries]
            if all(holder is None or holder in person.contacts for holder in holders):
                own.add(email)
        return own

    async def _drop_records(self, tx: Tx, links: Sequence[Link]) -> None:
        by_list: dict[int, list[int]] = defaultdict(list)
        for link in links:
            by_list[link.list_id].append(link.id)
        for list_id, ids in sorted(by_list.items()):
            await lists.delete_records(tx, self._tenant_id, list_id, ids)

    async def _suppress(self, tx: Tx, hashed: Mapping[MatchKey, str]) -> int:
        if not hashed:
            return 0
        list_id = await do_not_call.put_list(tx, self._tenant_id, ERASED_LIST, "INTERNAL")
        return await stored.suppress(tx, self._tenant_id, list_id, hashed)

    async def _clean_partners(self, tx: Tx, person: Person) -> int:
        """Take what was the person's out of the past of contacts that it was one with for a while."""
        partners = await stored.partners(tx, self._tenant_id, person.contacts)
        texts = {text for known in person.values for text in telling(known.values())}
        for id_ in partners:
            with suppress(Missing):
                texts -= set(telling((await contacts.get(tx, self._tenant_id, id_)).attributes.values()))
        told = await stored.of_contacts(tx, self._tenant_id, partners)
        return await self._rewrite(
            tx, [(t, (without_texts(t.before, texts), without_texts(t.after, texts))) for t in told]
        )

    async def _clean_journal(self, tx: Tx, traces: Traces) -> int:
        """Take the person's numbers and addresses out of what else the journal has; records that are gone go whole."""
        if not traces.tails and not traces.folded_emails:
            return 0
        cleaned, after = 0, 0
        while True:
            told, last = await stored.mentions(tx, self._tenant_id, traces, after)
            if last is None:
                return cleaned
            after = last
            changed = [(t, (traces.without(t.before), traces.without(t.after))) for t in told]
            changed = [(t, (None, None) if t.gone and now != (t.before, t.after) else now) for t, now in changed]
            cleaned += await self._rewrite(tx, changed)

    async def _rewrite(self, tx: Tx, changed: Sequence[tuple[stored.Told, tuple[object, object]]]) -> int:
        entries = [(t.id, *now) for t, now in changed if now != (t.before, t.after)]
        await stored.put_journal(tx, self._tenant_id, entries)
        return len(entries)

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id
