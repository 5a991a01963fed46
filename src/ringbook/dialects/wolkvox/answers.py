"""What successes look like, for the description: the envelope, and under `data` rows of texts under their own keys.

A row has all of its keys and no other, and every value is text (D-W1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from ringbook.dialects.wolkvox import wire

Code = str | int
"""A number, where the tenant wants codes as documented."""


class Done(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The answer to a pure command."""

    code: Code
    error: None
    msg: str


def rows(name: str, columns: Sequence[str], perhaps: Sequence[str] = ()) -> Any:
    """An answer with rows of these columns; those of `perhaps` are there or not."""
    row = _row(name, columns, perhaps)
    return msgspec.defstruct(
        f"{name}Answer",
        [("code", Code), ("error", None), ("msg", str), ("data", list[row])],  # type: ignore[valid-type]
        frozen=True,
        forbid_unknown_fields=True,
    )


def _row(name: str, columns: Sequence[str], perhaps: Sequence[str] = (), **more: Any) -> Any:
    """A row. Its columns need not be Python's names."""
    sure = [(column, str) for column in columns if column not in perhaps and column not in more]
    either = [(column, str | UnsetType, UNSET) for column in columns if column in perhaps]
    fields: list[tuple[Any, ...]] = [*sure, *more.items(), *either]
    plain = [(f"column{at}", *field[1:]) for at, field in enumerate(fields)]
    return msgspec.defstruct(
        f"{name}Row",
        plain,
        frozen=True,
        forbid_unknown_fields=True,
        rename={plain[at][0]: field[0] for at, field in enumerate(fields)},
    )


class _LoadError(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    error: str
    msg: str


class _Loaded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last three where not all were loaded."""

    total_registers: str
    total_success: str | UnsetType = UNSET
    total_errors: str | UnsetType = UNSET
    array_errors: list[_LoadError] | UnsetType = UNSET


class LoadedAnswer(Done, frozen=True, forbid_unknown_fields=True):
    data: list[_Loaded]


class _Filtered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    total_records: str
    pending_records: str
    applied_filter: str


class FilterAnswer(Done, frozen=True, forbid_unknown_fields=True):
    """Here `data` is an object."""

    data: _Filtered


_EDITED = (
    *("campaign_id", "campaign_name", "campaign_description", "type_camp", "enable_edition", "start_time", "end_time"),
    *("skill_id", "amd_conf", "turbo_dial", "routing_recall"),
)


class EditAnswer(Done, frozen=True, forbid_unknown_fields=True):
    data: list[_row("Edited", _EDITED, optional_labels=dict[str, str])]  # type: ignore[valid-type]


class ExportAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """campaign_15 has an envelope of its own, and Spanish keys."""

    code: str
    total_records: str
    campaign_id: str
    records: list[_row("Export", wire.EXPORTED)]  # type: ignore[valid-type]


CREATED = rows("Created", ("id_campaign", "name_campaign"))
RENEWED = rows("Renewed", ("campaign_id", "field", "value", "normalized_value", "affected_records"))
BLOCKED = rows("Blocked", ("total_added", "total_rejected", "total_sent"))
FOUND = rows("Found", wire.SHOWN, perhaps=[name for name in wire.SHOWN if name not in wire.SHOWN_ONCE])
DETAIL = rows("Detail", wire.DETAILED, perhaps=[f"tel{n}" for n in range(4, 11)])

CAMPAIGNS = rows(
    "Campaigns",
    (
        *("campaign_id", "campaign_name", "campaign_description", "type_campaign", "status", "records", "speed"),
        *("dial_mode", "last_use", "recycled", "turbo_dial", "skill_id"),
    ),
)
SKILLS = rows("Skills", ("skill_id", "skill_name", "skill_description", "last_use"))
AGENTS = rows("Agents", ("agent_id", "agent_name", "agent_dni", "agent_status", "last_use", "agent_sso", "enabled"))
CODES = rows(
    "Codes",
    ("cod_act", "description_cod_act", "hit", "rpc", "chat", "studio", "voice", "type_code", "interactions"),
)
TOKEN = rows(
    "Token",
    ("description", "token_limit", "token_use_today", "all_token_today", "available_consumption_options"),
)
BARRED = rows("Barred", ("phone_number", "type", "date_delete"))
LIVE = rows(
    "Live",
    (
        *("campaign", "speed", "status", "skill_id", "records", "clean", "dial", "answer", "no_answer"),
        *("busy/congestion/failed", "answer_machine", "penetration_day", "penetration_now", "hits", "calls_x_min"),
        "recycled",
    ),
)
RECALLS = rows("Recalls", ("type_recall", "date_recall", "phone_number", "id_campaing", "id_agent"))

_OPTS = tuple(f"opt{n}" for n in range(1, 13))
_BY_RESULT = rows("ByResult", ("result", "records", "percent"))
REPORTS = {
    "campaign_1": _BY_RESULT,
    "campaign_2": rows("ByCode", ("cod_act", "records", "percent")),
    "campaign_3": rows(
        "ByPhone",
        (
            *("campaign_id", "customer_name", "customer_last_name", "id_type", "customer_id", "date", "telephone"),
            *("result", *_OPTS, "conn_id"),
        ),
    ),
    "campaign_4": _BY_RESULT,
    "campaign_5": rows(
        "Preview",
        (
            *("type_of_row", "campaign_id", "customer_name", "customer_last_name", "result", "last_code_act"),
            *("comments_customer_reg", "customer_id", "agent_id", "conn_id", "telephone", "hang_up"),
            *("type_interaction", "call_result", "date", "time", "cod_act", "comments"),
        ),
    ),
    "campaign_10": rows("ByMachineCode", ("machinecode", "cantidad")),
    "cdr_1": rows(
        "Connected",
        (
            *("agent_name", "date", "destiny", "telephone", "cost", "time_seg", "time_min", "cod_act"),
            *("description_cod_act", "cod_act_2", "description_cod_act_2", "type_interaction", "customer_id"),
            *("hang_up", "campaign_id", "conn_id", "skill_id", "skill_name", "agent_id", "comment"),
        ),
    ),
    "cdr_5": rows(
        "Unconnected",
        (
            *("agent_name", "date", "destiny", "telephone", "ring_time", "result", "type_interaction"),
            *("customer_id", "campaign_id", "agent_id", "conn_id"),
        ),
    ),
    "cdr_6": rows("CallsByResult", ("result", "count")),
}
"""By operation of reports_manager.php."""
