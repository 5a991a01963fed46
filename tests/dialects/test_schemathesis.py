"""Schemathesis against every operation of every document: no failure, and no answer that the document does not allow.

Requests are drawn from what the document says may be sent, and from what it says may not; the same ones every time.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ringbook.core.access import Core, Records
from ringbook.core.passwords import Passwords
from ringbook.dialects import ALL
from ringbook.web.dialect import AnyOperation, Dialect, NotYet
from tests.conftest import clients_id_of, make_tenant
from tests.dialects.documents import schema_of
from tests.dialects.promises import PROMISES

SLUG = "described"
HOST = "http://ringbook.example"
EXAMPLES = 4
"""Requests of each operation and kind: what fits the document, and what does not."""

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

Known = Mapping[str, Any]

TENANT = {"tenant": SLUG, "ClientsID": str(clients_id_of(SLUG))}
"""Path parameters without which nothing of the tenant is reached."""
NUMBER = "330-555-0147"
CALLED = "2025-01-07T10:00:00Z"
KNOWN: Known = {
    "list": "leads.csv",
    "campaign": "Spring",
    "dnc": "internal",
    "campaign_id": "7224",
    "DiallerCampaignsID": "7224",
    "customer_id": "900",
    "phone": NUMBER,
    "customer_contact_number": NUMBER,
    "userData": "crm-7",
    "date_ini": "20250101000000",
    "date_end": "20250115000000",
    "type_campaign": "predictive",
}
"""Parameters that find something: every other request has them."""
NEW_RECORD = {"customer_id": "900", "customer_name": "Ines", "tel1": NUMBER}
BODIES: Known = {
    "callinglist/add/{list}": {"id": "1", "Phone": NUMBER},
    "callinglist/addAll/{list}": [{"id": "2", "Phone": NUMBER}, {"id": "2"}],
    "callinglist/update/{list}": {"id": "1", "First name": "Ada"},
    "callinglist/get/{list}/{campaign}": {"id": "1"},
    "callinglist/getCompleted/{list}/{campaign}": {"fromTime": "2013-03-01T13:15:06.456", "maxSize": "100"},
    "callinglist/getChanged/{list}/{campaign}": {"fromTime": "2013-03-01T13:15:06.456", "maxSize": 100},
    "callinglist/getAll/{list}/{campaign}": {"fromIndex": "0", "maxSize": 100},
    "donotcalllist/add/{dnc}": [["15105550100", "asked"], "15105550101"],
    "donotcalllist/replaceAll/{dnc}": ["15105550100"],
    "donotcalllist/delete/{dnc}": [{"key": "15105550100"}, {"key": "15105550199"}],
    "api=add_record": [NEW_RECORD, {"customer_id": ""}],
    "campaign.php?api=add_dnc": [{"telephone": "573000000010", "days_block": "15"}],
    "configuration.php?api=add_dnc": {"type_call": "inbound", "telephones": ["573000000010"]},
    "api=remove_dnc": {"type": "all", "telephones": "All"},
    "api=block_predictive_dnc": {"id_campaing": "7224", "id_cliente": ["900"]},
    "api=create_campaign": {"campaign_name": "Autumn", "skill_id": "1", "start_time": "080000"},
    "api=edit_campaign": {"enable_edition": "yes", "optional_labels": {"opt1": "Plan"}},
    "api=codify": {"customer_id": "900", "cod_act": "002"},
    "campaign.php?api=recall": {"customer_id": "900", "recall_date": "20350426160000", "recall_telephone": NUMBER},
    "api=recall_records": {"field": "Cod_Machine", "value": "CLEAN"},
    "api=speed": {"speed": "100"},
    "api=campaign_filter": {
        "filter_active": "yes",
        "filters": [{"field": "city", "operator": "=", "value": "Cali"}],
    },
    "dialler/contacts/import": {
        "Name": "Beispiel",
        "UserData": "crm-7",
        "PhoneNumber1": "4989123456",
        "DiallerCampaignsID": 7224,
        "DiallerCampaignsName": None,
        "FollowUpDateTime": None,
    },
    "/api/v1/data_sets": {"customer_contact_number": NUMBER, "data_values": {"AccNum": "A-10442"}},
    "/saveContact": {"first_name": "Ilse", "phone1": NUMBER},
    "/contacts/getContactsBySearchTerms": {"phone": NUMBER},
    "/saveSchema": {"label": "Shoe size", "key": "shoe_size", "type": "string"},
    "/mapping": {"callVar": "", "callVariable": "callVariable3", "key": "phone1", "varNumber": "3"},
    "/interactions/updateOrSaveInteractionTree/{call_Id}": {
        "interaction": {"type": "INBOUND", "agentId": "a.meier"},
        "call_Id": "",
        "ani": NUMBER,
    },
}
"""Bodies that an operation does something with, by the end of its path: every other request has what they say."""

_numbers = itertools.count(1)


def _lasts(operation: AnyOperation) -> bool:
    """Whether it answers for as long as somebody listens: that has tests of its own."""
    return not isinstance(operation, NotYet) and "text/event-stream" in operation.described.media_types


OPERATIONS = [(dialect, operation) for dialect in ALL for operation in dialect.operations if not _lasts(operation)]


def _name(value: Any) -> str:
    return str(value.name) if hasattr(value, "name") else f"{value.method} {value.path}"


@pytest.fixture(scope="module")
async def records(core: Core, passwords: Passwords) -> Records:
    """One tenant for all of these tests."""
    made = await make_tenant(core, passwords, slug=SLUG)
    await made.do_not_call.put("internal", ["15105550100"], "outbound")
    return made


@pytest.fixture
async def known(dialect: Dialect, operation: AnyOperation, router: httpx.AsyncClient, records: Records) -> Known:
    """What is known beforehand, and the ids of what there is, made anew where a test has taken it away."""
    if isinstance(operation, NotYet):
        return {}

    async def post(of: str, path: str, body: Any) -> Any:
        answer = await router.post(f"{HOST}{path}", json=body, auth=PROMISES[of].credential(SLUG))
        assert answer.status_code < 300 or answer.status_code in (409, 422), answer.text
        return answer.json() if answer.content else None

    async def called(key: Mapping[str, str], **more: str) -> None:
        attempt = {"campaign": 7224, "key": key, "phone": NUMBER, "started_at": CALLED, "outcome": "busy", **more}
        await post("native", "/v1/attempts", attempt)

    match dialect.name:
        case "brightpattern":
            await post(dialect.name, "/configapi/v2/callinglist/add/leads.csv", {"id": "1", "Phone": NUMBER})
            await called({"id": "1"}, list="leads.csv")
        case "wolkvox":
            doomed = await records.campaigns.create(f"Doomed {next(_numbers)}", kind="predictive")
            asked = "?api=add_record&campaign_id=7224&type_campaign=predictive"
            await post(dialect.name, f"/api/v2/campaign.php{asked}", [NEW_RECORD])
            await called({"customer_id": "900"}, call_id="c-1")
            return {
                **{name: value for name, value in KNOWN.items() if name != "campaign"},
                "/api/v2/campaign.php?api=delete_campaign": str(doomed.id),
            }
        case "jtel":
            path = f"/rest/v1.0/{TENANT['ClientsID']}/dialler/contacts/import"
            told = await post(dialect.name, path, BODIES["dialler/contacts/import"])
            return {**KNOWN, "DiallerContactsID": str(told["records"][0]["ID"])}
        case "cim":
            contact = (await post(dialect.name, "/saveContact", BODIES["/saveContact"]))["_id"]
            mapped = await post(dialect.name, "/mapping", BODIES["/mapping"])
            leg = {"interaction": {"type": "INBOUND", "start_time": CALLED}, "call_Id": "16920344", "ani": NUMBER}
            await post(dialect.name, "/interactions/updateOrSaveInteractionTree/16920344", leg)
            await post(dialect.name, "/saveSchema", {"label": "Hat size", "key": "hat_size", "type": "Text"})
            ids = dict.fromkeys(("contact_id", "last_id", "/interactions/loadInteractions/{id}"), contact)
            return {**KNOWN, **ids, "/mapping/{id}": mapped[-1]["_id"], "schema_id": "hat_size", "name": "il"}
        case "native":
            saved = await post(dialect.name, "/v1/contacts", {"attributes": {"phone1": NUMBER}})
            return {**KNOWN, "/v1/contacts/{id}": str(saved["id"])}
    return KNOWN


@pytest.mark.parametrize(("dialect", "operation"), OPERATIONS, ids=_name)
async def test_no_answer_is_another_than_the_document_says(
    dialect: Dialect, operation: AnyOperation, router: httpx.AsyncClient, known: Known
) -> None:
    described = schema_of(dialect.name)[operation.path][operation.method]
    for case, reaching in zip(_cases(described, operation), itertools.cycle((True, False)), strict=False):
        _reach(case, known if reaching else {})
        asked = requests.Request(**_of_requests(case.as_transport_kwargs(base_url=HOST))).prepare()
        assert asked.url is not None
        answer = await router.send(
            httpx.Request(
                case.method,
                asked.url,
                headers=[(name.encode("latin-1"), _raw(value)) for name, value in asked.headers.items()],
                content=_raw(asked.body or b""),
            ),
            auth=PROMISES[dialect.name].credential(SLUG),
        )
        assert answer.status_code != 503, answer.text
        case.validate_response(answer, checks=CHECKS)


def _cases(described: Any, operation: AnyOperation) -> list[Any]:
    """Requests that fit the document and, where there is anything to get wrong, others that do not."""
    drawn: list[Any] = []
    kinds = [described.as_strategy(generation_mode=GenerationMode.POSITIVE)]
    if any(described.iter_parameters()) or described.body:
        kinds.append(described.as_strategy(generation_mode=GenerationMode.NEGATIVE))

    @settings(
        max_examples=1 if isinstance(operation, NotYet) else EXAMPLES * len(kinds),
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(kinds))
    def draw(case: Any) -> None:
        drawn.append(case)

    draw()
    return drawn


def _reach(case: Any, known: Known) -> None:
    """Have the request reach the tenant and, with what is known, something that the tenant has."""
    for name in case.path_parameters or ():
        found = TENANT.get(name, known.get(case.path, known.get(name)))
        if found is not None:
            case.path_parameters[name] = found
    if not known:
        return
    asked = {parameter.name for parameter in case.operation.query}
    here = {**known, "campaign_id": known.get(case.path, known.get("campaign_id"))}
    case.query = {**(case.query or {}), **{name: value for name, value in here.items() if name in asked}}
    body = next((body for end, body in BODIES.items() if case.path.endswith(end)), None)
    if isinstance(body, dict) and isinstance(case.body, dict):
        case.body = {**case.body, **body}
    elif isinstance(body, list) and isinstance(case.body, list):
        case.body = [*body, *case.body]


def _of_requests(asked: dict[str, Any]) -> dict[str, Any]:
    """What a request is made of, without how it is sent."""
    return {name: value for name, value in asked.items() if name in requests.Request.__init__.__code__.co_varnames}


def _raw(value: Any) -> bytes:
    """As it goes over the wire: a header may have any sign of Latin-1."""
    return value.encode("latin-1") if isinstance(value, str) else bytes(value)
