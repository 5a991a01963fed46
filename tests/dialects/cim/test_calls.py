"""Calls as trees of legs (contracts/cim.md 5)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from ringbook.core.access import Core, Records
from ringbook.domain.object_id import parse_object_id
from ringbook.domain.problems import Missing
from tests.core.cast import agent_leg, attempt, history, lead, move_clock, number, only, save, told
from tests.dialects.cim.conftest import Switched, calls_of, leg, saved

FIELDS = [
    "type",
    "agentId",
    "start_time",
    "call_duration",
    "ivr_trail",
    "call_id",
    "call_disposition",
    "team_name",
    "csq",
    "interaction_type",
    "wrap_up",
]
TREE = "/interactions/updateOrSaveInteractionTree/"


def agents(told: dict[str, Any]) -> list[str]:
    return [one["agentId"] for one in told["interactions"]]


async def test_a_leg_is_echoed_as_it_was_sent_in_the_documented_fields(cim: httpx.AsyncClient) -> None:
    told = await leg(cim, agentId="a.meier", call_duration=214, wrap_up=None, csq=True, further="x", secondary="")
    assert list(told) == FIELDS
    assert (told["agentId"], told["call_duration"], told["wrap_up"], told["csq"]) == ("a.meier", "214", "", "true")


async def test_eighty_posts_at_once_of_ten_legs_make_ten_legs(cim: httpx.AsyncClient) -> None:
    contact = await saved(cim, phone1=number(1))
    posts = [
        leg(cim, "c-80", number(1), agentId=f"a{n % 10}", wrap_up="sent" if n % 2 else "", start_time="string")
        for n in range(80)
    ]
    await asyncio.gather(*posts)
    told = await calls_of(cim, contact)
    assert sorted(agents(told)) == [f"a{n}" for n in range(10)]
    assert told["call_Id"] == "c-80"


async def test_the_call_of_an_unknown_caller_is_the_contacts_when_it_is_saved(
    cim: httpx.AsyncClient, records: Records
) -> None:
    await leg(cim, "c-1", "330 555 0101", agentId="kim")
    assert (await records.interactions.get("c-1")).contact_id is None
    contact = await saved(cim, phone3=number(1))
    assert await calls_of(cim, contact) == {
        "interactions": [dict.fromkeys(FIELDS, "") | {"agentId": "kim"}],
        "call_Id": "c-1",
        "phone_number": "330 555 0101",
    }


async def test_a_call_tied_by_hand_stays_with_its_contact(cim: httpx.AsyncClient, records: Records) -> None:
    by_number = await saved(cim, phone1=number(1))
    await leg(cim, "c-1", number(1), agentId="kim")
    chosen = await saved(cim, first_name="Ada")
    chosen_id = parse_object_id(chosen["_id"])
    assert chosen_id is not None
    await records.interactions.link("c-1", chosen_id.id)
    await leg(cim, "c-1", number(1), agentId="lee")
    await saved(cim, phone1=number(1), first_name="Eve")
    assert (await calls_of(cim, by_number))["interactions"] == []
    assert sorted(agents(await calls_of(cim, chosen))) == ["kim", "lee"]


async def test_a_call_untied_by_hand_stays_nobodys(cim: httpx.AsyncClient, records: Records) -> None:
    contact = await saved(cim, phone1=number(1))
    await leg(cim, "c-1", number(1), agentId="kim")
    assert (await records.interactions.link("c-1", None)).contact_id is None
    await leg(cim, "c-1", number(1), agentId="lee")
    await saved(cim, phone1=number(1), first_name="Eve")
    assert (await records.interactions.get("c-1")).contact_id is None
    assert (await calls_of(cim, contact))["interactions"] == []


async def test_tying_needs_a_call_and_a_contact(records: Records) -> None:
    contact = await save(records, city="Akron")
    await agent_leg(records, "c-1")
    for call_id, contact_id in (("no such", contact.id), ("c-1", 2**62)):
        with pytest.raises(Missing):
            await records.interactions.link(call_id, contact_id)


# ---- Which leg


async def test_a_leg_is_another_by_agent_kind_call_and_start(cim: httpx.AsyncClient) -> None:
    contact = await saved(cim, phone1=number(1))
    same: list[dict[str, Any]] = [
        {"agentId": "kim", "start_time": "2026-03-02T12:00:00Z"},
        {"agentId": "KIM", "start_time": "1772452800"},
        {"agentId": "kim", "start_time": "1772452800000"},
        {"agentId": "kim", "start_time": "2026-03-02 07:00:00"},  # the tenant is in New York
        {"agentId": "kim", "call_id": "c-1"},
    ]
    for fields in same:
        await leg(cim, "c-1", number(1), **fields)
    assert len((await calls_of(cim, contact))["interactions"]) == 1
    for fields in (
        {"agentId": "lee"},
        {"agentId": "kim", "ivr_trail": "Main>1"},
        {"agentId": "kim", "interaction_type": "ivr", "call_id": "c-2"},
        {"agentId": "kim", "call_id": "c-2"},
        {"agentId": "kim", "start_time": "2026-03-02T12:00:01Z"},
        {"agentId": "kim", "start_time": "noon"},
        {"agentId": "kim", "start_time": "half past"},
    ):
        await leg(cim, "c-1", number(1), **fields)
    assert len((await calls_of(cim, contact))["interactions"]) == 8
    await leg(cim, "c-1", number(1), agentId="kim", start_time="noon", wrap_up="sent")
    assert len((await calls_of(cim, contact))["interactions"]) == 8


async def test_a_start_that_comes_later_belongs_to_the_leg_that_has_none(cim: httpx.AsyncClient) -> None:
    contact = await saved(cim, phone1=number(1))
    await leg(cim, "c-1", number(1), agentId="kim")
    for start in ("noon", "noon", "evening"):
        await leg(cim, "c-1", number(1), agentId="kim", start_time=start)
    starts = [one["start_time"] for one in (await calls_of(cim, contact))["interactions"]]
    assert starts == ["evening", "noon"]


async def test_the_last_wrap_up_of_an_agent_wins_and_each_agent_has_one(
    cim: httpx.AsyncClient, records: Records
) -> None:
    for agent, wrap_up in (("kim", "first"), ("lee", "other"), ("kim", "second"), ("kim", "")):
        told = await leg(cim, agentId=agent, wrap_up=wrap_up)
    assert told["wrap_up"] == "second"
    legs = (await records.interactions.get("c-1")).legs
    assert [(one.agent, one.wrap_ups) for one in legs] == [("kim", ["first", "second"]), ("lee", ["other"])]


async def test_the_facts_of_a_leg_are_understood_natively(cim: httpx.AsyncClient, records: Records) -> None:
    await leg(
        cim,
        type="ACD_IN",
        agentId="kim",
        start_time="2026-03-02 07:00:00",
        call_duration="00:03:34",
        call_disposition="handled",
        team_name="Billing",
        csq="Q1",
    )
    one = only((await records.interactions.get("c-1")).legs)
    assert one.started_at is not None
    assert one.started_at.isoformat() == "2026-03-02T12:00:00+00:00"
    assert (one.actor, one.direction, one.duration_seconds, one.outcome) == ("AGENT", "INBOUND", 214, "answered")
    assert (one.agent, one.team, one.queue, one.disposition) == ("kim", "Billing", "Q1", "handled")


# ---- Transfers


@pytest.mark.parametrize("name", ["secondary_id", "secondaryId", "related_call_id"])
@pytest.mark.parametrize("first", ["old", "new"])
async def test_after_a_transfer_both_halves_are_one_call_whichever_comes_first(
    cim: httpx.AsyncClient, name: str, first: str
) -> None:
    contact = await saved(cim, phone1=number(1))
    old = leg(cim, "old", number(1), agentId="kim")
    new = leg(cim, "new", number(1), agentId="lee", **{name: "old"})
    for half in (old, new) if first == "old" else (new, old):
        await half
    await leg(cim, "new", number(1), agentId="max")
    await leg(cim, "old", number(1), agentId="kim", wrap_up="sent")
    told = await calls_of(cim, contact)
    assert sorted(agents(told)) == ["kim", "lee", "max"]
    assert [one["wrap_up"] for one in told["interactions"] if one["agentId"] == "kim"] == ["sent"]


async def test_two_halves_that_are_there_already_become_one(cim: httpx.AsyncClient, switched: Switched) -> None:
    contact = await saved(cim, phone1=number(1))
    await leg(cim, "a", number(1), agentId="kim")
    await leg(cim, "b", "", agentId="lee", call_id="b-dialog")
    await leg(cim, "c", number(1), agentId="max")
    await leg(cim, "c", number(1), agentId="max", secondary_id="b-dialog")
    await leg(cim, "b", "", agentId="lee", call_id="b-dialog", secondary_id="a")
    cim = await switched(load_interactions="array")
    call = only(await calls_of(cim, contact))
    assert (call["call_Id"], sorted(agents(call))) == ("a", ["kim", "lee", "max"])
    for call_id in ("a", "b", "c"):
        await leg(cim, call_id, number(1), agentId="pat", call_id="later")
    assert len(only(await calls_of(cim, contact))["interactions"]) == 4


async def test_halves_that_are_joined_while_both_are_written_to_lose_no_leg(
    cim: httpx.AsyncClient, switched: Switched
) -> None:
    contact = await saved(cim, phone1=number(1))
    await leg(cim, "a", number(1), agentId="first")
    posts = [
        leg(cim, "ab"[n % 2], number(1), agentId=f"a{n}", secondary_id="ba"[n % 2] if n > 7 else "") for n in range(16)
    ]
    await asyncio.gather(*posts)
    call = only(await calls_of(await switched(load_interactions="array"), contact))
    assert sorted(agents(call)) == sorted(["first", *(f"a{n}" for n in range(16))])


# ---- Supervision


async def test_calls_of_nobody_that_are_joined_from_either_end_at_once_are_one(
    cim: httpx.AsyncClient, records: Records
) -> None:
    for name in "ab":
        await leg(cim, name, agentId=f"first {name}")
    await asyncio.gather(
        *(leg(cim, "ab"[n % 2], agentId=f"a{n}", secondary_id="ba"[n % 2]) for n in range(16)),
        *(leg(cim, "ab"[n % 2], agentId=f"b{n}") for n in range(16)),
    )
    assert len((await records.interactions.get("a")).legs) == 34
    assert await records.interactions.get("b") == await records.interactions.get("a")


async def test_a_leg_that_both_halves_tell_of_is_one_with_what_either_said(
    cim: httpx.AsyncClient, records: Records
) -> None:
    await leg(cim, "a", agentId="kim", call_id="x", team_name="Billing", wrap_up="first")
    await leg(cim, "b", agentId="kim", call_id="x", csq="Q1", wrap_up="second")
    await leg(cim, "b", agentId="lee", secondary_id="a")
    kim, lee = (await records.interactions.get("b")).legs
    assert (kim.agent, kim.team, kim.queue, kim.wrap_up, kim.wrap_ups) == (
        "kim",
        "Billing",
        "Q1",
        "second",
        ["first", "second"],
    )
    assert (kim.submitted["team_name"], kim.submitted["csq"], lee.agent) == ("Billing", "Q1", "lee")


@pytest.mark.parametrize("kind", ["CONSULT", "barge-in", "Silent Monitor", "BARGE_IN_CONSULT"])
async def test_a_supervisors_leg_is_kept_and_not_shown_unless_asked_for(
    cim: httpx.AsyncClient, switched: Switched, records: Records, kind: str
) -> None:
    contact = await saved(cim, phone1=number(1))
    await leg(cim, "c-1", number(1), agentId="kim", start_time="1772452800")
    assert (await leg(cim, "c-1", number(1), agentId="boss", type=kind))["type"] == kind
    assert agents(await calls_of(cim, contact)) == ["kim"]
    assert len((await records.interactions.get("c-1")).legs) == 2
    assert agents(await calls_of(await switched(hide_supervision_legs=False), contact)) == ["boss", "kim"]


async def test_a_call_of_supervisors_alone_is_not_the_newest(cim: httpx.AsyncClient, switched: Switched) -> None:
    contact = await saved(cim, phone1=number(1), phone2=number(2))
    await leg(cim, "c-1", number(1), agentId="kim", start_time="1772452800")
    await leg(cim, "c-2", number(2), agentId="boss", type="CONSULT", start_time="1772452900")
    told = await calls_of(cim, contact)
    assert (told["call_Id"], told["phone_number"]) == ("c-1", number(1))
    assert [(one["agentId"], one["call_id"]) for one in told["interactions"]] == [("kim", "")]
    await leg(cim, "c-0", number(1), agentId="lee", start_time="1772452700")
    told = await calls_of(cim, contact)
    assert told["call_Id"] == "c-1"
    assert [(one["agentId"], one["call_id"]) for one in told["interactions"]] == [("kim", "c-1"), ("lee", "c-0")]
    told = await calls_of(await switched(hide_supervision_legs=False), contact)
    assert (told["call_Id"], told["phone_number"]) == ("c-2", number(2))
    assert [one["call_id"] for one in told["interactions"]] == ["c-2", "c-1", "c-0"]


async def test_a_contact_with_supervisors_calls_alone_has_none(cim: httpx.AsyncClient) -> None:
    contact = await saved(cim, phone1=number(1), phone2=number(2))
    await leg(cim, "c-1", number(2), agentId="boss", type="CONSULT", start_time="1772452800")
    assert await calls_of(cim, contact) == {"interactions": [], "call_Id": "", "phone_number": number(1)}


async def test_a_leg_says_its_call_where_the_newest_one_is_not_shown(cim: httpx.AsyncClient) -> None:
    contact = await saved(cim, phone1=number(1))
    await leg(cim, "c-1", number(1), agentId="kim", start_time="1772452700")
    await leg(cim, "c-2", number(1), agentId="kim", start_time="1772452800")
    await leg(cim, "c-1", number(1), agentId="lee", start_time="1772452900")
    told = await calls_of(cim, contact, limit=1)
    assert told["call_Id"] == "c-2"
    assert [(one["agentId"], one["call_id"]) for one in told["interactions"]] == [("lee", "c-1")]


# ---- Loading


async def test_legs_of_all_calls_come_newest_first_each_with_its_call(cim: httpx.AsyncClient) -> None:
    contact = await saved(cim, phone1=number(1), phone2=number(2))
    for call_id, start, ani in (("c-1", 100, 1), ("c-2", 300, 2), ("c-1", 400, 1), ("c-3", 200, 1)):
        await leg(cim, call_id, number(ani), agentId=f"a{start}", start_time=str(1772452800 + start))
    told = await calls_of(cim, contact)
    assert [(one["agentId"], one["call_id"]) for one in told["interactions"]] == [
        ("a400", "c-1"),
        ("a300", "c-2"),
        ("a200", "c-3"),
        ("a100", "c-1"),
    ]
    assert agents(await calls_of(cim, contact, limit=2)) == ["a400", "a300"]
    assert agents(await calls_of(cim, contact, before=str(1772452800 + 300))) == ["a200", "a100"]


async def test_calls_can_come_each_as_an_object(cim: httpx.AsyncClient, switched: Switched) -> None:
    contact = await saved(cim, phone1=number(1))
    for call_id, start in (("c-1", 100), ("c-2", 200)):
        await leg(cim, call_id, number(1), agentId="kim", start_time=str(1772452800 + start))
    each = await switched(load_interactions="array")
    told = await calls_of(each, contact)
    assert [(call["call_Id"], call["phone_number"], len(call["interactions"])) for call in told] == [
        ("c-2", number(1), 1),
        ("c-1", number(1), 1),
    ]
    assert await calls_of(each, await saved(cim, first_name="Ada")) == []


async def test_times_that_nobody_can_read_count_as_their_arrival(cim: httpx.AsyncClient) -> None:
    contact = await saved(cim, phone1=number(1))
    for start in ("soon", "1772452800", "later", "2026-03-02T13:00:00Z"):
        await leg(cim, "c-1", number(1), agentId=start, start_time=start)
    assert agents(await calls_of(cim, contact)) == ["later", "soon", "2026-03-02T13:00:00Z", "1772452800"]


async def test_what_is_loaded_is_bounded(cim: httpx.AsyncClient) -> None:
    contact = await saved(cim, first_name="Ada")
    for query in ({"limit": "0"}, {"limit": "501"}, {"limit": "x"}, {"before": "soon"}):
        answer = await cim.get(f"/interactions/loadInteractions/{contact['_id']}", params=query)
        assert answer.status_code == 400, query


async def test_an_attempt_of_a_dialler_is_told_in_cims_words(cim: httpx.AsyncClient, records: Records) -> None:
    await records.lists.add("leads.csv", lead(1, number(1)))
    await attempt(records, phone=number(1), outcome="busy", agent="kim", call_id="c-9")
    contact = only((await cim.post("/contacts/getContactsBySearchTerms", json={"phone": number(1)})).json())
    one = only((await calls_of(cim, contact))["interactions"])
    assert (one["type"], one["agentId"], one["call_disposition"], one["interaction_type"]) == (
        "OUTBOUND",
        "kim",
        "BUSY",
        "AGENT",
    )


# ---- Bounds


async def test_a_leg_has_bounds(cim: httpx.AsyncClient) -> None:
    bad: list[dict[str, Any]] = [
        {"interaction": None},
        {"interaction": []},
        {"interaction": {"type": []}},
        {"interaction": {"type": {}}},
        {"interaction": {"type": "x" * 1001}},
        {"interaction": {"call_id": "x" * 256}},
        {"interaction": {f"f{n}": "" for n in range(41)}},
        {"interaction": {}, "ani": []},
        {"interaction": {}, "ani": "1" * 1001},
        {"interaction": {}, "call_Id": "other"},
        {"interaction": {"secondary_id": "x" * 256}},
    ]
    for body in bad:
        assert (await cim.post(f"{TREE}c-1", json=body)).status_code == 400, body


async def test_a_leg_of_the_longest_texts_is_told_apart_by_their_ends(cim: httpx.AsyncClient) -> None:
    contact = await saved(cim, phone1=number(1))
    for end in "ab":
        for _ in range(2):
            await leg(cim, "\N{GRINNING FACE}" * 200, number(1), agentId="\N{GRINNING FACE}" * 999 + end)
            await leg(cim, "\N{GRINNING FACE}" * 200, number(1), start_time="\N{GRINNING FACE}" * 999 + end)
    assert len((await calls_of(cim, contact))["interactions"]) == 4


async def test_a_call_id_in_the_path_may_be_any_text(cim: httpx.AsyncClient, records: Records) -> None:
    assert (await cim.post(f"{TREE}a%20b:c%2B1", json={"interaction": {}, "call_Id": "a b:c+1"})).status_code == 200
    assert len((await records.interactions.get("a b:c+1")).legs) == 1
    assert (await cim.post(f"{TREE}{'x' * 256}", json={"interaction": {}})).status_code == 400


async def test_legs_of_one_instant_come_page_by_page(cim: httpx.AsyncClient, switched: Switched) -> None:
    contact = await saved(cim, phone1=number(1))
    for n in range(5):
        await leg(cim, f"c-{n}", number(1), agentId=f"a{n}", start_time="1772452800")
    await leg(cim, "c-0", number(1), agentId="first", start_time="1772452000")
    url = f"/interactions/loadInteractions/{contact['_id']}"
    for client in (cim, await switched(load_interactions="array")):
        seen: list[str] = []
        query = {"limit": "2"}
        while query:
            answer = await client.get(url, params=query)
            told = answer.json()
            for call in told if isinstance(told, list) else [told]:
                seen += agents(call)
            cursor = answer.headers.get("x-cim-cursor")
            query = {"limit": "2", "cursor": cursor} if cursor else {}
        assert (sorted(seen), seen[-1]) == (["a0", "a1", "a2", "a3", "a4", "first"], "first")
    for bad in ("x", "1", "1.0", f"{'9' * 18}.1", "1.99999999999999999999", "-1.-1"):
        assert (await cim.get(url, params={"cursor": bad})).status_code == 400, bad


async def test_a_leg_does_not_grow_without_end(cim: httpx.AsyncClient, records: Records) -> None:
    for n in range(4):
        fields = {f"f{n}-{m}": "x" for m in range(12)}
        answer = await cim.post(f"{TREE}c-1", json={"interaction": {"agentId": "kim", **fields}})
        assert answer.status_code == (200 if n < 3 else 400), answer.text
    for n in range(103):
        await leg(cim, "c-1", agentId="kim", wrap_up=f"w{n}")
    kept = only((await records.interactions.get("c-1")).legs).wrap_ups
    assert (len(kept), kept[-1]) == (100, "w102")


async def test_a_call_has_so_many_legs_and_no_more(
    cim: httpx.AsyncClient, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringbook.core.interactions.MOST_LEGS", 2)
    for agent in ("kim", "lee"):
        await leg(cim, "c-1", agentId=agent)
    assert (await cim.post(f"{TREE}c-1", json={"interaction": {"agentId": "pat"}})).status_code == 400
    await leg(cim, "c-1", agentId="lee", wrap_up="sent")
    assert len((await records.interactions.get("c-1")).legs) == 2


async def test_what_was_joined_can_be_told_apart_by_the_journal(cim: httpx.AsyncClient, records: Records) -> None:
    for wrap_up in ("one", "two"):
        await leg(cim, "b", number(2), agentId="kim", call_id="x", wrap_up=wrap_up)
    for wrap_up in ("three", "four"):
        await leg(cim, "a", agentId="kim", call_id="x", wrap_up=wrap_up)
    gone = (await records.interactions.get("a")).id
    legs = (await records.interactions.get("a")).legs
    await leg(cim, "c", agentId="lee", secondary_id="a")
    await leg(cim, "b", agentId="max", secondary_id="a")
    kim = next(one for one in (await records.interactions.get("a")).legs if one.agent == "kim")
    assert (kim.wrap_up, kim.wrap_ups) == ("four", ["one", "two", "three", "four"])
    entries = [told(change.before) for change in await history(records, "interaction", gone) if change.before]
    joined = next(entry for entry in entries if entry and "legs" in entry)
    assert joined["call_id"] == "a"
    assert legs[0].id in joined["legs"]
    assert any(entry and entry.get("wrap_ups") == ["three", "four"] for entry in entries)


async def test_what_was_told_last_wins_whichever_call_is_kept(cim: httpx.AsyncClient, records: Records) -> None:
    await leg(cim, "old", agentId="first")
    await leg(cim, "new", agentId="kim", call_id="x", wrap_up="before", team_name="Billing")
    await leg(cim, "old", agentId="kim", call_id="x", wrap_up="after")
    await leg(cim, "new", agentId="lee", secondary_id="old")
    kim = next(one for one in (await records.interactions.get("old")).legs if one.agent == "kim")
    assert (kim.wrap_up, kim.wrap_ups, kim.team) == ("after", ["before", "after"], "Billing")


async def test_a_placeholder_does_not_join_an_old_call(cim: httpx.AsyncClient, core: Core, records: Records) -> None:
    await leg(cim, "old", agentId="kim", call_id="0")
    await move_clock(core, records, timedelta(days=2))
    await leg(cim, "new", agentId="lee", secondary_id="0")
    assert [len((await records.interactions.get(call_id)).legs) for call_id in ("old", "new")] == [1, 1]


async def test_calls_that_are_joined_in_a_circle_at_once_become_one(cim: httpx.AsyncClient, records: Records) -> None:
    names = "abcde"
    for name in names:
        await leg(cim, name, agentId=f"first {name}")
    pairs = [(one, other) for one in names for other in names if one != other]
    await asyncio.gather(*(leg(cim, one, agentId=one + other, secondary_id=other) for one, other in pairs))
    assert len({(await records.interactions.get(name)).id for name in names}) == 1
    assert len((await records.interactions.get("a")).legs) == 5 + len(pairs)


async def test_two_calls_that_are_joined_by_their_dialogs_from_either_end_at_once_become_one(
    cim: httpx.AsyncClient, records: Records
) -> None:
    for n in range(6):
        await leg(cim, f"a{n}", agentId="kim", call_id=f"dialog-a{n}")
        await leg(cim, f"b{n}", agentId="lee", call_id=f"dialog-b{n}")
        await asyncio.gather(
            leg(cim, f"b{n}", agentId="max", secondary_id=f"dialog-a{n}"),
            leg(cim, f"a{n}", agentId="pat", secondary_id=f"dialog-b{n}"),
        )
        assert len((await records.interactions.get(f"b{n}")).legs) == 4


async def test_a_call_that_is_tied_to_nobody_by_hand_stays_so_when_a_record_has_its_number(
    cim: httpx.AsyncClient, records: Records
) -> None:
    await leg(cim, "c-1", number(1), agentId="kim")
    await records.interactions.link("c-1", None)
    await records.lists.add("leads.csv", lead(1, number(1)))
    assert (await records.interactions.get("c-1")).contact_id is None
