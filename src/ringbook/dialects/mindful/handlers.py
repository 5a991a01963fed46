"""Submit and get. The token brings the template, so no request names one."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from ringbook.core.access import Core, Records
from ringbook.dialects.mindful import wire
from ringbook.dialects.mindful.switches import switches_of
from ringbook.domain.dataset import Template
from ringbook.domain.problems import Unauthenticated
from ringbook.web import answer
from ringbook.web.auth import bearer
from ringbook.web.dialect import Call


async def authenticate(request: Request, core: Core) -> Records:
    return await core.authenticate("mindful", bearer(request))


async def submit(records: Records, call: Call[None, wire.SubmitBody]) -> Response:
    template = _template(records)
    number = wire.contact_number(call.body.customer_contact_number)
    values = wire.data_values(call.body.data_values, template, switches_of(records.tenant))
    data = await records.datasets.submit(template, number, values)
    return answer.json(wire.submitted(records.tenant.guid, template, data))


async def get(records: Records, call: Call[wire.SearchQuery, None]) -> Response:
    template = _template(records)
    data = await records.datasets.of_template(template, call.query.customer_contact_number)
    return answer.json(wire.found(template, data))


def _template(records: Records) -> Template:
    if records.template is None:
        raise Unauthenticated
    return records.template
