"""wolkvox's columns, which attribute each of them is, and requests and rows in its names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, get_origin
from weakref import WeakKeyDictionary

import msgspec
from msgspec import Meta

from ringbook.dialects.wolkvox.dates import compact, printed
from ringbook.dialects.wolkvox.results import exported as spanish
from ringbook.dialects.wolkvox.results import shown
from ringbook.domain.campaign import CalledRecord, ListedRecord
from ringbook.domain.layout import Layout
from ringbook.domain.problems import Invalid
from ringbook.domain.text import search_key
from ringbook.web import body

ATTRIBUTES: Mapping[str, str | None] = {
    "customer_name": "first_name",
    "customer_last_name": "last_name",
    "id_type": None,
    "customer_id": "customer_id",
    "age": None,
    "gender": None,
    "country": "country",
    "state": "state",
    "city": "city",
    "zone": None,
    "address": "address",
    **{f"opt{n}": None for n in range(1, 13)},
    **{f"tel{n}": f"phone{n}" for n in range(1, 11)},
    "tel_extra": None,
    "email": "email",
    "recall_date": None,
    "recall_telephone": None,
    "agent_id": None,
}
"""The columns of a record, in the order in which they are loaded, and the attribute that each of them is."""

_OPTS = tuple(f"opt{n}" for n in range(1, 13))
_TELS = tuple(f"tel{n}" for n in range(1, 11))
_MASTER_DATA = tuple(ATTRIBUTES)[:11]
_SPANISH = dict(
    zip(
        _MASTER_DATA,
        (
            *("nombre_cliente", "apellido_cliente", "tipo_doc", "id_cliente", "edad", "sexo"),
            *("pais", "departamento", "ciudad", "zona", "direccion"),
        ),
        strict=True,
    )
)
_PERSON = ("customer_name", "customer_last_name", "customer_id", "country", "state", "city", "zone", "address")
_FOUND = (*_PERSON, *_OPTS, *_TELS)
_FOUND_ONCE = ("customer_name", "customer_last_name", "customer_id", *_OPTS, *_TELS[:3])
_CALLED = ("date", "calls", "conn_id", "result", "campaign_id")
SHOWN = (*_FOUND, *_CALLED)
"""The keys of a row of find_record."""
SHOWN_ONCE = (*_FOUND_ONCE, *_CALLED)
"""Those of the older page."""
DETAILED = (
    *(*_MASTER_DATA, *_OPTS, *_TELS, "tel_extra", "agent_id", "date", "calls", "conn_id", "recall", "result"),
    *("cod_act", "cod_act_2", "recall_count", "comments"),
)
"""The keys of a row of detail, in a predictive campaign."""
EXPORTED = (
    *(*_SPANISH.values(), *_OPTS, *_TELS, "tel_extra", "id_agent", "resultado", "fecha", "llamadas", "id_call"),
    *("cod_rslt1", "description_cod1", "cod_rslt2", "description_cod2", "comentarios", "rellamada"),
    *("rellamada_count", "email", "rellamada_tel", "last_dial_tele", "history_dial_tel", "rellamada_info"),
)
"""The keys of a row of campaign_15."""
_LONGEST = {f"opt{n}": 100 if n <= 6 else 200 for n in range(1, 13)}

Text = Annotated[str, Meta(max_length=10_000)]
Names = Mapping[str, str]
"""Names by id, of what the workspace file declares."""
Value = str | int | float | bool | None
"""A field of a body: text by the page, but clients in loosely typed languages send numbers."""


class Query(msgspec.Struct, frozen=True):
    """The parameters that nearly every operation has. A missing one is told by the operation, in its own order."""

    type_campaign: str = ""
    campaign_id: str = ""


class Body(msgspec.Struct, frozen=True):
    """What is not known is ignored, as PHP does."""


class Optional(Body, frozen=True):
    """A body that a client may leave out altogether."""


class NewRecord(Body, frozen=True):
    """A record as it is loaded."""

    customer_name: Value = None
    customer_last_name: Value = None
    id_type: Value = None
    customer_id: Value = None
    age: Value = None
    gender: Value = None
    country: Value = None
    state: Value = None
    city: Value = None
    zone: Value = None
    address: Value = None
    opt1: Value = None
    opt2: Value = None
    opt3: Value = None
    opt4: Value = None
    opt5: Value = None
    opt6: Value = None
    opt7: Value = None
    opt8: Value = None
    opt9: Value = None
    opt10: Value = None
    opt11: Value = None
    opt12: Value = None
    tel1: Value = None
    tel2: Value = None
    tel3: Value = None
    tel4: Value = None
    tel5: Value = None
    tel6: Value = None
    tel7: Value = None
    tel8: Value = None
    tel9: Value = None
    tel10: Value = None
    tel_extra: Value = None
    email: Value = None
    recall_date: Value = None
    recall_telephone: Value = None
    agent_id: Value = None


_new_record = msgspec.json.Decoder(NewRecord).decode
_COLUMNS = msgspec.json.schema_components([NewRecord])[1]["NewRecord"]
Unread = Annotated[msgspec.Raw, Meta(extra_json_schema=_COLUMNS)]
"""A record of many, not read yet: one that is none fails alone (D-W10)."""


def decode(raw: bytes, type_: Any) -> Any:
    """A body as its type; a single object will do for an array of one (D-W13)."""
    if get_origin(type_) is list and raw.lstrip()[:1] == b"{":
        raw = b"[" + raw + b"]"
    if not raw.strip() and isinstance(type_, type) and issubclass(type_, Optional):
        return type_()
    # What is unread is looked at record by record.
    return body.parse(raw, type_) if type_ == list[Unread] else body.decode(raw, type_)


def read(unread: msgspec.Raw) -> NewRecord:
    """One record of many; Invalid with the column that is wrong, if it is one."""
    raw = bytes(unread)
    if body.has_control(raw):
        raise Invalid("A text contains a control character.", field=_with_control(raw))
    try:
        return _new_record(raw)
    except msgspec.ValidationError as error:
        raise body.invalid(error) from None
    except msgspec.DecodeError as error:
        raise Invalid(f"The record is not valid JSON: {error}.") from None


def _with_control(raw: bytes) -> str | None:
    """The column that has a control character, if one of the record's own has."""
    try:
        columns = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None
    found = [(name, columns[name]) for name in ATTRIBUTES if name in columns] if isinstance(columns, dict) else ()
    return next((name for name, value in found if isinstance(value, str) and body.CONTROL.search(value)), None)


def text(value: Value) -> str:
    """A body's value as PHP would print it."""
    if value is None or isinstance(value, bool):
        return "1" if value else ""
    return str(value)


def loaded(new: NewRecord) -> dict[str, str]:
    """A record as it is kept: texts, cut where the vendor's columns end (D-W12); what is absent is absent."""
    kept = {}
    for name, value in msgspec.structs.asdict(new).items():  # ten thousand times forty, most of them absent
        if value is not None:
            kept[name] = (value if type(value) is str else text(value))[: _LONGEST.get(name)]
    return kept


_fields: WeakKeyDictionary[Layout, Mapping[str, str]] = WeakKeyDictionary()


def columns(record: ListedRecord, names: Sequence[str]) -> dict[str, str]:
    """What a record of any list says in these columns."""
    return said(record.layout, record.record.fields, names)


def said(layout: Layout, fields: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """The same, of a record's fields under their layout."""
    of_column = _fields.get(layout)
    if of_column is None:  # a report has tens of thousands of records under one layout
        found = {name: layout.field_of(name, attribute) for name, attribute in ATTRIBUTES.items()}
        of_column = _fields[layout] = {name: field.name for name, field in found.items() if field}
    return {name: fields.get(of_column.get(name, ""), "") for name in names}


def found(record: ListedRecord, seed: bool) -> dict[str, str]:
    """A row of find_record: 35 keys, or (`seed`) the 23 of the older page."""
    return columns(record, _FOUND_ONCE if seed else _FOUND) | called(record)


def known(one: CalledRecord, names: Sequence[str]) -> dict[str, str]:
    """What is known in these columns of whom an attempt was for, also when the record is gone."""
    if not one.known:
        return said(one.layout, one.fields, names)
    return {name: one.value(name, ATTRIBUTES[name]) or "" for name in names}


def called(record: ListedRecord) -> dict[str, str]:
    """How far the record's campaign is with it (D-W20)."""
    state = record.state
    assert state is not None, "it is a campaign's record"
    return {
        "date": printed(state.last_attempt_at),
        "calls": str(state.tries),
        "conn_id": record.last.call_id if record.last else "",
        "result": shown(state.result),
        "campaign_id": str(state.campaign_id),
    }


def handled_at(record: ListedRecord) -> datetime | None:
    """When the record was called last, or coded without being called."""
    state = record.state
    return None if state is None else state.last_attempt_at or (state.completed_at if state.disposition else None)


def detailed(record: ListedRecord) -> dict[str, str]:
    """A row of detail: what was loaded, and what became of it. A preview campaign has three numbers."""
    state = record.state
    assert state is not None, "it is a campaign's record"
    tels = _TELS[:3] if record.campaign_type == "preview" else _TELS
    return columns(record, (*_MASTER_DATA, *_OPTS, *tels, "tel_extra")) | {
        "agent_id": agent(record),
        "date": printed(state.last_attempt_at),
        "calls": str(state.tries),
        "conn_id": record.last.call_id if record.last else "",
        "recall": printed(state.next_try_at) if state.recall else "",
        "result": shown(state.result),
        "cod_act": state.disposition or "",
        "cod_act_2": state.second_disposition or "",
        "recall_count": str(state.recalls),
        "comments": said_of(record),
    }


def exported(record: ListedRecord, codes: Mapping[str, str], called: Sequence[str]) -> dict[str, str]:
    """A row of campaign_15; `called` are the numbers of its attempts in their order."""
    state = record.state
    assert state is not None, "it is a campaign's record"
    loaded = columns(record, (*_MASTER_DATA, *_OPTS, *_TELS, "tel_extra", "email"))
    first, second = state.disposition or "", state.second_disposition or ""
    return {_SPANISH.get(name, name): loaded[name] for name in (*_MASTER_DATA, *_OPTS, *_TELS, "tel_extra")} | {
        "id_agent": agent(record),
        "resultado": spanish(state.result),
        "fecha": printed(state.last_attempt_at),
        "llamadas": str(state.tries),
        "id_call": record.last.call_id if record.last else "",
        "cod_rslt1": first,
        "description_cod1": codes.get(first, ""),
        "cod_rslt2": second,
        "description_cod2": codes.get(second, ""),
        "comentarios": said_of(record),
        "rellamada": compact(state.next_try_at if state.recall else None),
        "rellamada_count": str(state.recalls),
        "email": loaded["email"],
        "rellamada_tel": state.recall.phone if state.recall else "",
        "last_dial_tele": called[-1] if called else "",
        "history_dial_tel": ",".join(called),
        "rellamada_info": state.recall.style if state.recall else "",
    }


def agent(record: ListedRecord) -> str:
    """Who called last, else whom the record was loaded for."""
    return (record.last.agent if record.last else "") or columns(record, ("agent_id",))["agent_id"]


def said_of(record: ListedRecord) -> str:
    """The comment of who coded the record, else of who called it last."""
    noted = record.state.notes if record.state else None
    return noted or (record.last.notes if record.last else "")


def yes(value: str) -> bool | None:
    """`yes` or `no`, in any case; None for what is neither."""
    return {"yes": True, "no": False}.get(search_key(value))


def yes_no(value: object) -> str:
    return "yes" if value else "no"
