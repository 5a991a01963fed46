"""Mindful's requests and answers: flat objects, the fixed keys first, then the data keys."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec

from ringbook.core.context import LONGEST_NUMBER
from ringbook.core.datasets import TemplateData
from ringbook.dialects.mindful.errors import InvalidPhoneNumber
from ringbook.dialects.mindful.switches import Switches
from ringbook.domain.dataset import DataSet, Template, Values, digits_of
from ringbook.domain.problems import Invalid
from ringbook.web.body import decode

# Times are UTC, and their zone is written as Z.
_TO_SECONDS = len("2022-08-08T21:07:22")
_TO_MILLISECONDS = len("2022-08-08T21:07:22.642")


class SearchQuery(msgspec.Struct, frozen=True):
    """A missing number is a number that nobody has (D-M8), so it is not refused here."""

    customer_contact_number: str = ""


_Number = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": ["string", "integer"]})]
_Values = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "object"})]


class SubmitBody(msgspec.Struct, frozen=True):
    """Values stay JSON until they are read, so that a number keeps its spelling."""

    customer_contact_number: _Number = msgspec.field(default_factory=lambda: msgspec.Raw(b"null"))
    data_values: _Values = msgspec.field(default_factory=lambda: msgspec.Raw(b"{}"))


class GetAnswer(msgspec.Struct, frozen=True):
    """Besides these, the template's data keys, in the template's order."""

    customer_contact_number: str
    ani: str
    ecbt: int | None
    time_to_expire: str


class SubmitAnswer(msgspec.Struct, frozen=True):
    """Besides these, the data keys as they were submitted."""

    organization: dict[str, UUID]
    customer_contact_number: str
    ani: str
    ecbt: int | None
    data_set_template_id: UUID
    data_set_template_name: str
    time_to_expire: str


def contact_number(raw: msgspec.Raw) -> str:
    """The number as text, also of a JSON number; InvalidPhoneNumber for what has no digits, or absurdly many signs."""
    text = bytes(raw).strip()
    number = str(decode(text, str)) if text.startswith(b'"') else text.decode() if text.isdigit() else ""
    if len(number) > LONGEST_NUMBER or not digits_of(number):
        raise InvalidPhoneNumber("The contact number has no digits.")
    return number


def data_values(raw: msgspec.Raw, template: Template, switches: Switches) -> Values:
    """The values of the template's keys: scalars as their JSON text, null as null (D-M4).

    Other keys are dropped or, where the tenant wants it, refused (D-M2).
    """
    values = decode(bytes(raw), dict[str, msgspec.Raw])
    texts = {key: _text(key, value) for key, value in values.items()}
    known = {key: text for key, text in texts.items() if key in template.data_keys}
    if switches.refuse_unknown_keys and len(known) < len(texts):
        raise Invalid("The template has no such data key.", field="data_values")
    return known


def _text(key: str, raw: msgspec.Raw) -> str | None:
    text = bytes(raw).strip()
    if text == b"null":
        return None
    if text.startswith(b'"'):
        return str(decode(text, str))
    if text.startswith((b"{", b"[")):
        raise Invalid("A value is text, a number, true, false or null.", field=key)
    return text.decode()


def submitted(organization: UUID, template: Template, data: DataSet) -> dict[str, Any]:
    """The answer to a submission: real milliseconds, data keys as submitted."""
    return {
        "organization": {"id": organization},
        "customer_contact_number": data.number,
        "ani": data.ani,
        "ecbt": data.ecbt,
        "data_set_template_id": template.guid,
        "data_set_template_name": template.name,
        "time_to_expire": data.expires_at.isoformat(timespec="milliseconds")[:_TO_MILLISECONDS] + "Z",
        **data.values,
    }


def found(template: Template, data: TemplateData) -> dict[str, Any]:
    """The answer to a search: whole seconds printed with .000 (D-M12), data keys in the template's order."""
    values = msgspec.json.decode(data.values, type=Values)
    return {
        "customer_contact_number": data.number,
        "ani": data.ani,
        "ecbt": data.ecbt,
        "time_to_expire": data.expires_at.isoformat(timespec="seconds")[:_TO_SECONDS] + ".000Z",
        **{key: values[key] for key in template.data_keys if key in values},
    }
