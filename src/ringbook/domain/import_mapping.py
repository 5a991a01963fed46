"""Which column of a file is which attribute or field: by what somebody said, else by what it is called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from ringbook.domain.cells import REPORT_COLUMNS, RINGBOOK_ID
from ringbook.domain.layout import Layout
from ringbook.domain.problems import Invalid
from ringbook.domain.schema import PREDEFINED, Schema
from ringbook.domain.text import fold

_NOT_A_WORD = re.compile(r"[^a-z0-9]+")
_PHONES = tuple(key for key, _, kind in PREDEFINED if kind == "Phone")

_CALLED: Mapping[str, tuple[str, ...]] = {
    "customer_id": ("customer number", "customer no", "account", "account id", "account number", "client id", "kunde",
                    "kundennummer", "kunden nr", "kundennr", "id cliente", "numero client", "external id"),
    "first_name": ("firstname", "first", "given name", "forename", "vorname", "nombre", "prenom", "customer name"),
    "last_name": ("lastname", "last", "surname", "family name", "nachname", "name", "apellido", "apellidos", "nom",
                  "customer last name"),
    "email": ("e mail", "mail", "email address", "e mail address", "e mail 1 value", "correo", "courriel"),
    "company": ("organization", "organisation", "firma", "unternehmen", "empresa", "societe", "organization name",
                "company name"),
    "address": ("street", "street address", "strasse", "anschrift", "adresse", "direccion",
                "address 1 street", "address line 1"),
    "city": ("town", "ort", "stadt", "ciudad", "ville", "address 1 city"),
    "state": ("province", "region", "bundesland", "estado", "provincia", "address 1 region"),
    "country": ("land", "pais", "pays", "address 1 country"),
    "postal_code": ("zip", "zip code", "postcode", "post code", "plz", "postleitzahl", "codigo postal", "code postal",
                    "address 1 postal code"),
}  # fmt: skip
_PHONE = re.compile(
    r"(phone|tel|telephone|telefon|telefono|telefonnummer|rufnummer|mobile|mobil|cell|cell phone|mobile phone"
    r"|handy|movil|celular|number|phone number|festnetz|home phone|work phone|business phone|other phone|home|work|ani)"
    r"( \d+)?( value| number)?"
)
_OF_WORD = {name: key for key, names in _CALLED.items() for name in (key.replace("_", " "), *names)}


def _plain(name: str) -> str:
    return _NOT_A_WORD.sub(" ", fold(name)).strip()


def propose_attributes(columns: Sequence[str], schema: Schema) -> dict[str, str | None]:
    """For each column the attribute that it probably is, None for those that say nothing to us; each once."""
    exact = {_plain(name): a.key for a in schema.attributes for name in (a.label, *a.aliases, a.key)}
    exact[_plain(RINGBOOK_ID)] = RINGBOOK_ID
    told: dict[str, str | None] = dict.fromkeys(columns)
    free = set(exact.values())
    for column in columns:
        _give(told, free, column, exact.get(_plain(column)))
    for column in columns:
        if told[column] is None and column not in REPORT_COLUMNS:
            name = _plain(column)
            _give(told, free, column, _OF_WORD.get(name))
            if told[column] is None and _PHONE.fullmatch(name):
                _give(told, free, column, next((key for key in _PHONES if key in free), None))
    return told


def propose_fields(columns: Sequence[str], layout: Layout) -> dict[str, str | None]:
    """The same for the fields of a list."""
    told: dict[str, str | None] = dict.fromkeys(columns)
    usable = [field for field in layout.fields if not field.skip]
    free = {field.name for field in usable}
    plain = {_plain(name): field.name for field in reversed(usable) for name in (*field.aliases, field.name)}
    for column in columns:
        found = layout[column]
        _give(told, free, column, found.name if found else plain.get(_plain(column)))
    carries = {field.attribute: field.name for field in reversed(usable) if field.attribute}
    for column in columns:
        if told[column] is None and column not in REPORT_COLUMNS:
            name = _plain(column)
            _give(told, free, column, carries.get(_OF_WORD.get(name, "")))
            if told[column] is None and _PHONE.fullmatch(name):
                _give(told, free, column, next((f.name for f in layout.phones if f.name in free), None))
    return told


def _give(told: dict[str, str | None], free: set[str], column: str, target: str | None) -> None:
    if told[column] is None and target in free:
        told[column] = target
        free.discard(target)


def settled(
    proposed: Mapping[str, str | None], said: Mapping[str, str | None], targets: Iterable[str], *, strict: bool = True
) -> dict[str, str | None]:
    """The proposal with what somebody said instead. Invalid for a target that is not there or is named twice.

    `strict`: the columns that are spoken of must be there; where a file does not name its columns they may come later.
    """
    known = set(targets)
    taken = {target for target in said.values() if target is not None}
    mapping = {column: None if target in taken else target for column, target in proposed.items()}
    for column, target in said.items():
        if strict and column not in proposed:
            raise Invalid(f"The file has no column {column[:60]}.", field="mapping")
        if target is not None and target not in known:
            raise Invalid(f"There is no {target[:60]} to which a column could go.", field="mapping")
        mapping[column] = target
    named = [target for target in mapping.values() if target is not None]
    if len(named) != len(set(named)):
        raise Invalid("Two columns cannot go to the same place.", field="mapping")
    return mapping
