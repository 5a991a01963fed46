"""Call attempts: reported once, seen as Bright Pattern status, wolkvox result, jtel tries and a leg of the history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from ringbook.core.campaigns import find_campaign
from ringbook.core.context import Context
from ringbook.core.filtering import by_result, refilter
from ringbook.core.lists import find_by_key, find_list
from ringbook.domain.attempt import Attempt, Outcome, next_phone_tries
from ringbook.domain.calling_list import CallingList
from ringbook.domain.campaign import Campaign, CampaignRecord
from ringbook.domain.event import ATTEMPT
from ringbook.domain.interaction import MOST_LEGS, LegDraft
from ringbook.domain.layout import EXTERNAL_ID_FIELD
from ringbook.domain.may_call import RETRY
from ringbook.domain.problems import Invalid, Missing
from ringbook.domain.retry import UNDECIDED, Decision, RetryRules, Tried, TriedPhone, decide
from ringbook.store import attempts as stored
from ringbook.store import campaigns, claimed_numbers, dialling, events, interactions, journal, lists
from ringbook.store.legs import put_leg

if TYPE_CHECKING:
    from ringbook.store.database import Tx


class AttemptReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a dialler or an agent says of one attempt. `record_id` is a campaign record's id or a list record's."""

    campaign: int | str
    outcome: Outcome
    phone: str | None = None
    list: int | str | None = None
    key: Mapping[str, Any] | None = None
    record_id: int | None = None
    started_at: datetime | None = None
    ring_seconds: int | None = None
    talk_seconds: int | None = None
    disposition: str = ""
    final: bool = False
    agent: str = ""
    call_id: str = ""
    cause: int | None = None
    next_try_at: datetime | None = None
    notes: str = ""


class Reported(NamedTuple):
    attempt: Attempt
    record: CampaignRecord
    decision: Decision


class Attempts:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def report(self, report: AttemptReport) -> Reported:
        """Record an attempt; it, the campaign record after it, and who decided what comes next.

        A final outcome and a next try that are reported count; else the campaign's rules decide, where it has any.
        Missing if the campaign has no such record. Invalid if neither key, record_id nor phone says which.
        """
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            campaign = await find_campaign(tx, self._tenant_id, report.campaign)
            record_id = await self._record_id(tx, campaign, report)
            # Before the campaign record, as who deletes records does; and until the end, so that whoever moves or
            # erases its contact sees the attempt.
            await lists.hold_called(tx, self._tenant_id, campaign.id, record_id)
            before = await campaigns.record(tx, self._tenant_id, campaign.id, record_id)
            listed = await lists.record(tx, self._tenant_id, before.record_id)
            phones = await lists.phones(tx, self._tenant_id, before.record_id)
            slot, phone = self._phone(phones, report)
            decision = await self._decide(tx, campaign, before, phones, slot, report)
            attempt = await stored.insert(
                tx,
                self._tenant_id,
                before,
                contact_id=listed.contact_id,
                slot=slot,
                phone=phone,
                match_key=self._context.phone(phone).match_key,
                started_at=report.started_at,
                ring_seconds=report.ring_seconds,
                talk_seconds=report.talk_seconds,
                outcome=report.outcome,
                disposition=report.disposition,
                final=decision.final,
                agent=report.agent,
                call_id=report.call_id,
                cause=report.cause,
                next_try_at=decision.next_try_at,
                notes=report.notes,
            )
            tries = next_phone_tries(before.phone_tries, slot, attempt, used_up=decision.number_used_up)
            after = await stored.apply(tx, self._tenant_id, attempt, before, tries)
            if not stored.is_late(attempt, before):
                await claimed_numbers.free(tx, self._tenant_id, [before.id])
            # The filter may be another since the campaign was read; not any more since the record is held.
            filtered = await campaigns.get(tx, self._tenant_id, campaign.id)
            if by_result(filtered):
                await refilter(tx, self._tenant_id, filtered, [after.record_id])
            await self._add_leg(tx, attempt, listed.contact_id)
            await journal.record(tx, self._context.author, "campaign_record", after.id, before, after)
            await self._tell(tx, attempt, listed.contact_id)
            return Reported(attempt, after, decision)

    async def _tell(self, tx: Tx, attempt: Attempt, contact_id: int | None) -> None:
        await events.publish(
            tx,
            self._context.author,
            ATTEMPT,
            attempt,
            entity_id=attempt.id,
            agent=attempt.agent,
            contact_ids=[] if contact_id is None else [contact_id],
            match_key=self._context.phone(attempt.phone).match_key,
        )

    async def _decide(
        self,
        tx: Tx,
        campaign: Campaign,
        before: CampaignRecord,
        phones: Mapping[int, tuple[str, str]],
        slot: int | None,
        report: AttemptReport,
    ) -> Decision:
        """What comes after this attempt. One that is told late decides nothing: a later one has."""
        if report.final or report.next_try_at is not None:
            return Decision("caller", report.final, report.next_try_at)
        if RETRY not in campaign.settings:
            return UNDECIDED
        started_at = report.started_at or await dialling.now(tx, self._tenant_id)
        if before.last_attempt_at is not None and before.last_attempt_at > started_at:
            return UNDECIDED
        known = msgspec.convert(before.phone_tries, dict[str, TriedPhone])
        others = [known.get(str(other), TriedPhone()) for other in phones if other != slot]
        same = None if slot is None else known.get(str(slot), TriedPhone()).outcomes.get(report.outcome, 0) + 1
        tried = Tried(before.tries + 1, same, any(not other.used_up for other in others))
        ended_at = started_at + timedelta(seconds=(report.ring_seconds or 0) + (report.talk_seconds or 0))
        return decide(msgspec.convert(campaign.settings[RETRY], RetryRules), report.outcome, tried, ended_at)

    async def _record_id(self, tx: Tx, campaign: Campaign, report: AttemptReport) -> int:
        if report.record_id is not None:
            return report.record_id
        if report.key:
            return await self._by_key(tx, campaign, report)
        if report.phone and report.list is None:
            key = self._context.asked_phone(report.phone).match_key
            found = await campaigns.with_number(tx, self._tenant_id, campaign.id, key)
            if found is None:
                raise Missing("The campaign has no record with this number.")
            return found
        raise Invalid("Say which record: by key, record_id or phone.", field="key")

    async def _by_key(self, tx: Tx, campaign: Campaign, report: AttemptReport) -> int:
        """The record that the key's fields name: in the list that is given, else in the campaign's own."""
        assert report.key is not None
        target = (
            await find_list(tx, self._tenant_id, report.list)
            if report.list is not None
            else await lists.own_list(tx, self._tenant_id, campaign.id)
        )
        named = target.layout.named(report.key)
        if set(named) == {EXTERNAL_ID_FIELD} and target.campaign_id is not None:
            return await self._by_external_id(tx, target, named[EXTERNAL_ID_FIELD])
        return (await find_by_key(tx, self._context, target, report.key)).id

    async def _by_external_id(self, tx: Tx, target: CallingList, external_id: str) -> int:
        found = await lists.by_external_id(tx, self._tenant_id, target.id, external_id)
        if found is None:
            raise Missing
        return found.id

    def _phone(self, phones: Mapping[int, tuple[str, str]], report: AttemptReport) -> tuple[int | None, str]:
        """The slot of the record's phone that was called, if it is one of its own, and the number as it was given.

        Without a number it was the record's first.
        """
        if report.phone is None:
            first = min(phones, default=None)
            return (None, "") if first is None else (first, phones[first][1])
        key = self._context.asked_phone(report.phone).match_key
        slot = next((slot for slot, (match_key, _) in sorted(phones.items()) if match_key == key), None)
        return slot, report.phone

    async def _add_leg(self, tx: Tx, attempt: Attempt, contact_id: int | None) -> None:
        """The attempt in the history: an outbound leg of its call, or of a call of its own when it names none.

        So it is when its call has all the legs that a call can have: diallers that know no id send the same for all.
        """
        leg = LegDraft(
            actor="AGENT",
            direction="OUTBOUND",
            agent=attempt.agent,
            started_at=attempt.started_at,
            duration_seconds=attempt.talk_seconds,
            disposition=attempt.disposition,
            outcome=attempt.outcome,
            notes=attempt.notes,
            attempt_id=attempt.id,
        )
        own = f"attempt-{attempt.id}"
        try:
            await self._put_leg(tx, attempt, contact_id, attempt.call_id or own, leg)
        except Invalid:
            await self._put_leg(tx, attempt, contact_id, own, leg)

    async def _put_leg(self, tx: Tx, attempt: Attempt, contact_id: int | None, call_id: str, leg: LegDraft) -> None:
        key = self._context.phone(attempt.phone).match_key
        root = await interactions.put_root(
            tx, self._tenant_id, call_id, attempt.phone, key, contact_id, attempt.started_at
        )
        await put_leg(tx, self._tenant_id, root, call_id, leg, most=MOST_LEGS)

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id
