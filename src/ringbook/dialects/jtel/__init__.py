"""jtel Dialler: contacts of a client account's dialler campaigns, to be read, imported and deleted."""

from __future__ import annotations

from collections.abc import Sequence

from ringbook.dialects.jtel import handlers, wire
from ringbook.dialects.jtel.errors import WORDING, problem
from ringbook.web.dialect import AnyOperation, Dialect, NotYet, Operation

_BASE = handlers.ROOT + "{ClientsID}"
_CONTACTS = f"{_BASE}/dialler/contacts"
_CAMPAIGNS = f"{_BASE}/dialler/campaigns"
_OTHER_FAMILY = "of the ACD and the telephones, of which Ringbook has no records"

# Paths are tried in this order: `contact` and `import` are no ids.
OPERATIONS: Sequence[AnyOperation] = (
    Operation(
        "GET",
        f"{_CONTACTS}/contact",
        handlers.contacts_by_user_data,
        "Retrieve dialler contacts by user data",
        query=wire.UserDataQuery,
        answer=wire.Contacts,
    ),
    Operation(
        "DELETE",
        f"{_CONTACTS}/contact",
        handlers.delete_contact_by_user_data,
        "Delete the first dialler contact with this user data",
        query=wire.UserDataQuery,
        answer=wire.Done,
    ),
    Operation(
        "POST",
        f"{_CONTACTS}/import",
        handlers.import_contact,
        "Import a dialler contact, or write over the one with its user data",
        query=wire.ImportQuery,
        body=wire.ImportBody,
        answer=wire.Contacts,
    ),
    Operation(
        "GET",
        f"{_CONTACTS}/{{DiallerContactsID}}",
        handlers.get_contact,
        "Retrieve a specific dialler contact by ID",
        answer=wire.Contacts,
    ),
    Operation(
        "GET",
        _CONTACTS,
        handlers.list_contacts,
        "Retrieve all dialler contacts, or those of a campaign",
        query=wire.ContactsQuery,
        answer=wire.ContactCollection,
    ),
    Operation(
        "DELETE",
        f"{_CONTACTS}/contact/{{DiallerContactsID}}",
        handlers.delete_contact,
        "Delete a dialler contact by ID",
        answer=wire.Done,
    ),
    Operation(
        "GET",
        f"{_CONTACTS}/contact/{{DiallerContactsID}}",
        handlers.get_contact,
        "The same as without `contact/`: an extension, as the delete has it (J1)",
        answer=wire.Contacts,
    ),
    Operation(
        "GET", _CAMPAIGNS, handlers.list_campaigns, "Retrieve all dialler campaigns", answer=wire.CampaignCollection
    ),
    Operation(
        "GET",
        f"{_CAMPAIGNS}/{{DiallerCampaignsID}}",
        handlers.get_campaign,
        "Retrieve a specific dialler campaign by ID",
        answer=wire.Campaigns,
    ),
    *(
        NotYet("GET", f"{_BASE}/{path}", _OTHER_FAMILY)
        for path in (
            "acd/events",
            "acd/events/types",
            "acd/events/event/{AcdEventsID}",
            "calls",
            "calls/{UFN}/answer",
            "calls/{UFN}/hangup",
            "calls/{UFN}/hold",
        )
    ),
)

JTEL = Dialect(
    name="jtel",
    title="jtel Dialler",
    prefixes=(handlers.ROOT,),
    operations=OPERATIONS,
    authenticate=handlers.authenticate,
    problem=problem,
    wording=WORDING,
)
