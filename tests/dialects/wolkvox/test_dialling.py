"""What operations do to records, not only what they answer: recalls, codes, filters, results, removal."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ringbook.core.access import Records
from ringbook.domain.attempt import Outcome
from ringbook.domain.campaign import CampaignRecord
from tests.core.cast import LEADS, attempt, lead, number
from tests.dialects.wolkvox.conftest import SPRING, Ask, found, load, record, results, told


async def state_of(records: Records, customer: str) -> CampaignRecord:
    (one,) = await records.campaign_records.find(customer_id=customer)
    assert one.state is not None
    return one.state


async def open_in_lookup(records: Records, phone: str) -> bool:
    """Whether a ringing phone shows an open campaign record: one that is still to be called."""
    return bool((await records.lookup.by_number(phone)).campaign_records)


async def called(records: Records, customer: str, outcome: Outcome, **facts: object) -> None:
    await attempt(records, key={"customer_id": customer}, outcome=outcome, **facts)


# ---- Recalls


async def test_a_recall_says_when_a_record_is_called_next(campaign: Ask, records: Records) -> None:
    await load(campaign, record("1", number(1)))
    await called(records, "1", "answered", final=True)
    assert not await open_in_lookup(records, number(1))
    body = {"recall_date": "20260426160000", "recall_telephone": number(2), "customer_id": "1"}
    told(await campaign("PUT", "recall", body, campaign_id=SPRING), 202)
    state = await state_of(records, "1")
    assert state.next_try_at == datetime(2026, 4, 26, 21, tzinfo=UTC)
    assert state.completed_at is None
    assert (state.recall and state.recall.phone, state.recalls) == (number(2), 1)
    assert await open_in_lookup(records, number(1))


async def test_the_next_attempt_keeps_the_promise(campaign: Ask, manager: Ask, records: Records) -> None:
    await load(campaign, record("1", number(1)))
    body = {"recall_date": "20260426160000", "recall_telephone": number(1), "customer_id": "1"}
    told(await campaign("PUT", "recall", body, campaign_id=SPRING), 202)
    assert (await manager("GET", "real_time", "recall", type="all")).status_code == 200
    await called(records, "1", "no_answer")
    assert (await manager("GET", "real_time", "recall", type="all")).status_code == 404
    assert (await state_of(records, "1")).recalls == 1


async def test_a_preview_campaign_has_no_recalls(campaign: Ask, records: Records) -> None:
    await records.campaigns.update(7224, kind="preview")
    await load(campaign, record("1"))
    body = {"recall_date": "20260426160000", "recall_telephone": number(1), "customer_id": "1"}
    assert (await campaign("PUT", "recall", body, campaign_id=SPRING)).status_code == 404


async def test_agents_arrange_change_and_give_up_recalls(campaign: Ask, manager: Ask, records: Records) -> None:
    await load(campaign, record("1", number(1), customer_name=""), record("2", number(2)))
    asked = {"agent_id": "10123", "id_camp": SPRING, "rellamada": "20260426160000", "recall_style": "manual"}
    for customer in ("1", "2"):
        body = asked | {"id_customer": customer, "telefono": number(1), "name_recall": "Luz"}
        told(await manager("POST", "agentbox", "recall", body), 200)
    names = {row["customer_id"]: row["customer_name"] for row in await found(campaign, campaign_id=SPRING)}
    assert names == {"1": "Luz", "2": "Ines"}, "a name is filled in, and never replaced"
    edit = {"agent_id": "10123", "id_camp": SPRING, "id_customer": "1", "telephone": number(3)}
    told(await manager("PUT", "agentbox", "edit_recall", edit | {"recall": "20260427090000"}), 200)
    assert (await state_of(records, "1")).next_try_at == datetime(2026, 4, 27, 14, tzinfo=UTC)
    told(await manager("DELETE", "agentbox", "delete_recall", edit), 200)
    assert (await state_of(records, "1")).next_try_at is None
    (row,) = told(await manager("GET", "real_time", "recall", type="manual"), 200)["data"]
    assert (row["id_agent"], row["phone_number"]) == ("10123", number(1))
    assert (await manager("PUT", "agentbox", "edit_recall", edit | {"recall": "20260427090000"})).status_code == 404


# ---- Codes


async def test_a_coded_record_is_not_called_any_more(campaign: Ask, records: Records) -> None:
    await load(campaign, record("1", number(1)))
    await called(records, "1", "busy", call_id="c-1")
    body = {"cod_act": "002", "cod_act_2": "A01", "comment": "by the branch", "customer_id": "1"}
    told(await campaign("PUT", "codify", body, type_campaign="predictive", campaign_id=SPRING), 202)
    assert not await open_in_lookup(records, number(1))
    state = await state_of(records, "1")
    assert (state.status, state.disposition, state.second_disposition, state.notes) == (
        "completed",
        "002",
        "A01",
        "by the branch",
    )
    (row,) = await found(campaign, customer_id="1")
    assert (row["calls"], row["conn_id"], row["result"]) == ("1", "c-1", "BUSY")


async def test_a_code_is_for_all_records_of_the_customer_and_for_no_other(campaign: Ask, records: Records) -> None:
    await load(campaign, record("1", number(1)), record("1", number(2)), record("2", number(3)))
    told(await campaign("PUT", "codify", {"cod_act": "002", "customer_id": "1"}, campaign_id=SPRING), 202)
    assert [await open_in_lookup(records, number(n)) for n in (1, 2, 3)] == [False, False, True]


# ---- Results


@pytest.mark.parametrize(
    ("outcome", "result"),
    [
        ("no_answer", "NO-ANSWER"),
        ("machine", "ANSWER-MACHINE"),
        ("abandoned", "ABANDON"),
        ("busy", "BUSY"),
        ("congestion", "CONGESTION"),
        ("failed", "FAILED"),
        ("refused", "FAILED"),
        ("unknown", "UNKNOWN"),
        ("unavailable", "CHANUNAVAIL"),
        ("answered", "ANSWER"),
    ],
)
async def test_every_outcome_has_a_word_and_the_word_finds_it(
    campaign: Ask, records: Records, outcome: Outcome, result: str
) -> None:
    await load(campaign, record("1", number(1)), record("2", number(2)))
    await called(records, "1", outcome)
    assert await results(campaign) == {"1": result, "2": "CLEAN"}
    spelling = {"CHANUNAVAIL": "NOT-AVAILABLE"}.get(result, result.lower().replace("-", " "))
    answer = await campaign("PUT", "recall_records", {"field": "Cod_Machine", "value": spelling}, campaign_id=SPRING)
    assert told(answer, 200)["data"][0]["normalized_value"] == result
    assert await results(campaign) == {"1": "CLEAN", "2": "CLEAN"}
    assert await open_in_lookup(records, number(1))


async def test_records_are_renewed_by_code(campaign: Ask, records: Records) -> None:
    await load(campaign, record("1", number(1)), record("2", number(2)))
    await called(records, "1", "answered", disposition="002", final=True)
    for field, code, count in (("cod_rslt1", "003", 0), ("cod_rslt2", "002", 0), ("cod_rslt1", "002", 1)):
        answer = await campaign("PUT", "recall_records", {"field": field, "value": code}, campaign_id=SPRING)
        assert told(answer, 200 if count else 404)["msg"].startswith(f"{count} record(s) have been marked for recall")
    assert (await state_of(records, "1")).status == "in_progress"
    assert (
        await campaign("PUT", "recall_records", {"field": "x", "value": "1"}, campaign_id=SPRING)
    ).status_code == 400


async def test_records_are_removed_by_result(campaign: Ask, records: Records) -> None:
    await load(campaign, *(record(str(n), number(n)) for n in range(1, 5)))
    await called(records, "1", "busy")
    await called(records, "2", "busy")
    await called(records, "3", "no_answer")
    gone = {"type_campaign": "predictive", "campaign_id": SPRING, "result": "busy"}
    told(await campaign("DELETE", "remove_record", {"customer_id": "1,3"}, **gone), 202)
    assert await results(campaign) == {"2": "BUSY", "3": "NO-ANSWER", "4": "CLEAN"}
    told(await campaign("DELETE", "clear_campaign", **gone), 202)
    assert await results(campaign) == {"3": "NO-ANSWER", "4": "CLEAN"}
    assert (await campaign("DELETE", "clear_campaign", **gone)).status_code == 404
    assert (await campaign("DELETE", "clear_campaign", **gone | {"result": "no such word"})).status_code == 404


# ---- Filters


async def condition(ask: Ask, field: str, operator: str, value: str, connector: str = "and", *more: str) -> str:
    filters = [{"field": field, "operator": operator, "value": value}]
    filters += [dict(zip(("field", "operator", "value"), one.split("|"), strict=True)) for one in more]
    body = {"filter_active": "yes", "connector": connector, "filters": filters}
    answer = await ask("PUT", "campaign_filter", body, type_campaign="predictive", campaign_id=SPRING)
    data: dict[str, str] = told(answer, 200)["data"]
    return data["pending_records"]


async def test_a_filter_takes_records_out_of_dialling_and_gives_them_back(campaign: Ask, records: Records) -> None:
    await load(campaign, record("1", number(1), city="Cali"), record("2", number(2), city="Bogotá"))
    assert await condition(campaign, "city", "=", "cali") == "1"
    assert [(await state_of(records, c)).barred for c in ("1", "2")] == [None, "filter"]
    await load(campaign, record("3", number(3), city="Pasto"), record("4", number(4), city="Cali"))
    assert [(await state_of(records, c)).barred for c in ("3", "4")] == ["filter", None]
    body = {"filter_active": "no"}
    data = told(await campaign("PUT", "campaign_filter", body, campaign_id=SPRING), 200)["data"]
    assert data == {"total_records": "4", "pending_records": "4", "applied_filter": ""}
    assert await results(campaign) == dict.fromkeys("1234", "CLEAN"), "a filter is no result"


@pytest.mark.parametrize(
    ("field", "operator", "value", "pending"),
    [
        ("age", ">", "9", "2"),
        ("age", "<=", "41", "2"),
        ("age", "!=", "41", "2"),
        ("city", "like", "%ogo%", "1"),
        ("city", "like", "ca", "1"),
        ("city", "is", "", "1"),
        ("customer_id", ">=", "2", "2"),
        ("result", "=", "NO-ANSWER", "1"),
        ("result", "!=", "no answer", "2"),
        ("result", "is", "CLEAN", "2"),
        ("result", "=", "no such result", "0"),
    ],
)
async def test_conditions_compare_numbers_words_and_results(
    campaign: Ask, records: Records, field: str, operator: str, value: str, pending: str
) -> None:
    await load(
        campaign,
        record("1", number(1), city="Cali", age="41"),
        record("2", number(2), city="Bogotá", age="100"),
        record("3", number(3)),
    )
    await called(records, "1", "no_answer")
    assert await condition(campaign, field, operator, value) == pending


async def test_conditions_are_joined(campaign: Ask) -> None:
    await load(campaign, record("1", city="Cali", age="41"), record("2", city="Cali", age="20"), record("3"))
    assert await condition(campaign, "city", "=", "Cali", "and", "age|>|30") == "1"
    assert await condition(campaign, "city", "=", "Cali", "or", "customer_id|=|3") == "3"


async def test_a_filter_on_results_follows_the_attempts(campaign: Ask, records: Records) -> None:
    await load(campaign, record("1", number(1)), record("2", number(2)))
    assert await condition(campaign, "result", "=", "CLEAN") == "2"
    await called(records, "1", "busy")
    assert [(await state_of(records, c)).barred for c in ("1", "2")] == ["filter", None]
    told(await campaign("PUT", "recall_records", {"field": "Cod_Machine", "value": "BUSY"}, campaign_id=SPRING), 200)
    assert (await state_of(records, "1")).barred is None


async def test_a_filter_sees_the_records_of_other_systems_lists(campaign: Ask, records: Records) -> None:
    await records.lists.add(LEADS, lead(1, number(1), first="Ilse"))
    await records.lists.add(LEADS, lead(2, number(2), first="Jan", account="K-2"))
    assert await condition(campaign, "customer_name", "=", "ilse") == "1"
    await records.lists.add(LEADS, lead(3, number(3), first="Luz", account="K-3"))
    assert (await state_of(records, "K-3")).barred == "filter"
    await records.lists.update(LEADS, lead(2, number(2), first="Ilse"))
    assert (await state_of(records, "K-2")).barred is None
    await records.campaigns.unbind(7224, LEADS)
    await records.campaigns.bind(7224, LEADS)
    assert [(await state_of(records, c)).barred for c in ("K-2", "K-3")] == [None, "filter"]


async def test_a_barred_number_stays_barred_whatever_the_filter(campaign: Ask, manager: Ask, records: Records) -> None:
    await load(campaign, record("1", number(1), city="Cali"))
    body = {"id_campaing": SPRING, "id_cliente": ["1"]}
    told(await manager("PUT", "configuration", "block_predictive_dnc", body), 202)
    assert await condition(campaign, "city", "=", "Pasto") == "0"
    assert await condition(campaign, "city", "=", "Cali") == "0"
    assert await results(campaign) == {"1": "DO-NOT-CALL"}


# ---- Other systems' lists


async def test_clearing_a_campaign_leaves_another_systems_list_whole(campaign: Ask, records: Records) -> None:
    for n in (1, 2, 3):
        await records.lists.add(LEADS, lead(n, number(n), account=f"K-{n}"))
    await load(campaign, record("900", number(9)))
    before = await records.lists.records(LEADS)
    assert len(await results(campaign)) == 4
    told(await campaign("DELETE", "remove_record", {"customer_id": "K-2"}, campaign_id=SPRING), 202)
    assert set(await results(campaign)) == {"K-1", "K-3", "900"}
    told(await campaign("DELETE", "clear_campaign", type_campaign="predictive", campaign_id=SPRING), 202)
    assert await results(campaign) == {}
    assert await records.lists.records(LEADS) == before
    assert await records.lists.records("Spring") == []
    await records.lists.add(LEADS, lead(4, number(4), account="K-4"))
    assert set(await results(campaign)) == {"K-4"}, "what was detached does not come back; what is new comes"


async def test_deleting_a_campaign_takes_its_own_list_alone(campaign: Ask, records: Records) -> None:
    await records.lists.add(LEADS, lead(1, number(1)))
    await load(campaign, record("900", number(9)))
    told(await campaign("DELETE", "delete_campaign", {"campaign_ids": [SPRING, "26687"]}), 200)
    assert [known.name for known in await records.lists.all()] == [LEADS]
    assert len(await records.lists.records(LEADS)) == 1
    assert (await campaign("GET", "find_record", campaign_id=SPRING)).status_code == 404
