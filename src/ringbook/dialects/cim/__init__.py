"""Expertflow CIM (Customer Interaction Manager), API 1.0.0: all 18 operations of the vendor's page."""

from __future__ import annotations

from collections.abc import Sequence

from ringbook.dialects.cim import handlers, interactions, legs, schema, wire
from ringbook.dialects.cim.credentials import authenticate
from ringbook.dialects.cim.errors import WORDING, problem
from ringbook.web.dialect import BASIC, BEARER, AnyOperation, Described, Dialect, Operation

_IF_MATCH = Described(headers=("If-Match",))

OPERATIONS: Sequence[AnyOperation] = (
    Operation(
        "GET",
        "/contacts/getContactByName/{name}",
        handlers.by_name,
        "Contacts by the beginnings of their names' words",
        query=wire.LimitQuery,
        answer=wire.ContactsAnswer,
    ),
    Operation(
        "POST",
        "/contacts/getContactsBySearchTerms",
        handlers.by_search_terms,
        "Contacts that meet the criteria",
        query=wire.SearchQuery,
        body=wire.SearchBody,
        answer=wire.ContactsAnswer,
        reads=True,
    ),
    Operation(
        "GET",
        "/contacts/loadMore/{last_id}",
        handlers.load_more,
        "The contacts behind the last one of a list",
        query=wire.MoreQuery,
        answer=wire.ContactsAnswer,
    ),
    Operation("GET", "/contacts/{contact_id}", handlers.get, "One contact", answer=wire.ContactAnswer),
    Operation(
        "PUT",
        "/contacts/{contact_id}",
        handlers.update,
        "Write attributes over a contact's; null clears one",
        body=wire.ContactBody,
        answer=wire.ContactAnswer,
        described=_IF_MATCH,
    ),
    Operation(
        "DELETE",
        "/contacts/{contact_id}",
        handlers.delete,
        "Take a contact away",
        answer=wire.ContactAnswer,
        described=_IF_MATCH,
    ),
    Operation(
        "GET",
        "/getContactList",
        handlers.first_page,
        "The newest contacts",
        query=wire.LimitQuery,
        answer=wire.ContactsAnswer,
    ),
    Operation(
        "POST",
        "/saveContact",
        handlers.save,
        "Create a contact, or write over the one with the same phone",
        body=wire.ContactBody,
        answer=wire.ContactAnswer,
    ),
    Operation("GET", "/getSchema", schema.attributes, "The attributes of contacts", answer=list[wire.AttributeAnswer]),
    Operation(
        "POST",
        "/saveSchema",
        schema.save,
        "Add an attribute",
        body=wire.SchemaBody,
        answer=wire.AttributeAnswer,
    ),
    Operation(
        "PUT",
        "/schema/{schema_id}",
        schema.update,
        "Change an attribute, by id or key",
        body=wire.SchemaBody,
        answer=wire.AttributeAnswer,
    ),
    Operation("DELETE", "/schema/{schema_id}", schema.delete, "Hide an attribute and its values, by id or key"),
    Operation(
        "POST",
        "/mapping",
        schema.add_condition,
        "Map a call variable to an attribute",
        body=wire.MappingBody,
        answer=list[wire.ConditionAnswer] | wire.ConditionAnswer,
    ),
    Operation("GET", "/mapping", schema.conditions, "All mapping conditions", answer=list[wire.ConditionAnswer]),
    Operation(
        "PUT",
        "/mapping/{id}",
        schema.change_condition,
        "Change a mapping condition",
        body=wire.MappingBody,
        answer=wire.ConditionAnswer,
    ),
    Operation("DELETE", "/mapping/{id}", schema.drop_condition, "Remove a mapping condition"),
    Operation(
        "GET",
        "/interactions/loadInteractions/{id}",
        interactions.load,
        "The legs of a contact's calls, the newest first",
        query=interactions.LoadQuery,
        answer=legs.InteractionsAnswer | list[legs.InteractionsAnswer],
    ),
    Operation(
        "POST",
        "/interactions/updateOrSaveInteractionTree/{call_Id}",
        interactions.save,
        "Add a leg to a call, or update it",
        body=legs.InteractionBody,
        answer=legs.LegAnswer,
    ),
)

CIM = Dialect(
    name="cim",
    title="Expertflow CIM",
    prefixes=(
        "/contacts",
        "/getContactList",
        "/saveContact",
        "/getSchema",
        "/saveSchema",
        "/schema",
        "/mapping",
        "/interactions",
    ),
    operations=OPERATIONS,
    authenticate=authenticate,
    problem=problem,
    wording=WORDING,
    security={"key": BEARER, "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"}, "password": BASIC},
    decode=wire.decode,
    keeps_answers=True,
)
