"""Mindful's requests and answers: flat objects, the fixed keys first, then the data keys."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from ringbook.core.datasets import TemplateData
from ringbook.dialects.mindful.errors import InvalidPhoneNumber
from ringbook.domain.dataset import DataSet, Template
from ringbook.domain.problems import Invalid


class SearchQuery(msgspec.Struct, frozen=True):
    """A missing number is a number that nobody has (D-M8), so it is not refused here."""

    customer_contact_number: str = ""


class SubmitBody(msgspec.Struct, frozen=True):
    """Values stay JSON until they are read, so that a number keeps its spelling."""

    customer_contact_number: msgspec.Raw = msgspec.Raw(b"null")
    data_values: msgspec.Raw = msgspec.Raw(b"{}")


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
    """The number as text, also of a JSON number."""
    text = bytes(raw).strip()
    if text.startswith(b'"'):
        return str(msgspec.json.decode(text))
    if text[:1].isdigit() and text.isdigit():
        return text.decode()
    raise InvalidPhoneNumber("The contact number has no digits.")


def data_values(raw: msgspec.Raw, template: Template) -> dict[str, str]:
    """The values of the template's keys as text; scalars as their JSON text (D-M4), other keys dropped (D-M2)."""
    try:
        values = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        raise Invalid("data_values is an object.", field="data_values") from None
    texts = {key: _text(key, value) for key, value in values.items()}
    return {key: text for key, text in texts.items() if key in template.data_keys}


def _text(key: str, raw: msgspec.Raw) -> str:
    text = bytes(raw).strip()
    if text.startswith(b'"'):
        return str(msgspec.json.decode(text))
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
        "time_to_expire": _moment(data.expires_at),
        **data.values,
    }


def found(template: Template, data: TemplateData) -> dict[str, Any]:
    """The answer to a search: whole seconds printed with .000 (D-M12), data keys in the template's order."""
    values: Mapping[str, str] = msgspec.json.decode(data.values, type=dict[str, str])
    return {
        "customer_contact_number": data.number,
        "ani": data.ani,
        "ecbt": data.ecbt,
        "time_to_expire": _moment(data.expires_at.replace(microsecond=0)),
        **{key: values[key] for key in template.data_keys if key in values},
    }


def _moment(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
