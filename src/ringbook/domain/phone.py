"""Telephone numbers: the one normaliser, and the key under which a number is found.

`normalise` and `match_key` never raise. A text is read as the first of these that is a valid number:

1. With a plus (`+`, also a full-width one, or several): the international number behind it, or none at all.
   No calling code begins with 0, so a plus before a zero (`+0049…`, `+030…`) says nothing, and the text is
   read as without it.
2. As dialled in the tenant's region: its own prefix for calls abroad, a national number with or without the
   trunk prefix, or its own calling code without a plus.
3. `00`, then `011`, before an international number, where neither is the region's own way to call abroad.
   It comes after 2 because Turin, Buenos Aires, Delhi and Sheffield numbers begin with 011 as well.
4. An international number whose plus was lost.

Otherwise only the digits count, and where there are none, the text.

A blank at the start, which is what a plus becomes in a query string, says nothing: readings 2 and 4 find such
numbers anyway, and a blank from a sloppy file must not turn a national number into a foreign one.

Digits that begin with the region's own calling code can be valid in two ways (in Germany `493023125000`:
Berlin without its plus, or 0493 without its 0). They are read as international if the region has a trunk
prefix (nobody leaves out the 0 of 0493), the national reading is not a mobile (those do get written without),
and the international one is a landline or a mobile. If not, they are national.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import NewType

import msgspec
import phonenumbers
from phonenumbers import CountryCodeSource, NumberParseException, PhoneMetadata, PhoneNumber, PhoneNumberType

from ringbook.domain.numbering import E164, is_surely_invalid, usual, usual_of_all
from ringbook.domain.twins import folded

MatchKey = NewType("MatchKey", str)
"""What look-up compares: a valid number with its twins folded, else `d:` and digits, else `t:` and text."""

SPELLED = r"\s*(tel:)?[\d\s+().,/*#~-]*((extension|ext|x|;ext=)[.:]?\s*\d+)?\s*"
"""What a number looks like, valid or not: digits, what people put between them, and an extension."""
_SPELLED = re.compile(SPELLED, re.IGNORECASE)

_LONGEST_NUMBER = 250  # libphonenumber's own limit; longer text is not a number and is not searched for digits
_LONGEST_KEY = 64  # in characters; keys are stored in a B-tree, which refuses long ones

_SHORTEST_NUMBER = 4  # of any country, without its calling code

_PLAIN = re.compile(r"[+\d\s().-]*")
_BARE = re.compile(r"[0-9]+")
_FIRST = re.compile(r"[+\d]")
_BEFORE_DIGITS = re.compile(r"\D*")
_NOT_DIGITS = re.compile(r"\D+")
_PLUSES = "+\uff0b\ufe62"
_MOBILES = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
_LINES = (PhoneNumberType.FIXED_LINE, *_MOBILES)


class Phone(msgspec.Struct, frozen=True):
    """One telephone number as it was written, and as it is understood."""

    raw: str
    """Exactly as given."""
    e164: E164 | None
    """As given, too, where its twin is the newer spelling; None where libphonenumber calls it invalid."""
    digits: str
    """The digits as written, in ASCII, without an extension; none if the text is too long for a number."""
    match_key: MatchKey
    extension: str
    """Digits, or empty. Whoever is at an extension is found by the number alone."""

    @property
    def identifies(self) -> bool:
        """Whether it says who somebody is: a valid number does, also in a retired spelling."""
        return self.match_key.startswith("+")

    @property
    def literal(self) -> str:
        """What has digits and is no number, `Room 12`, as it is compared with its like; empty for all else."""
        if self.identifies or not self.digits or _SPELLED.fullmatch(_ascii(self.raw)):
            return ""
        return self.raw.strip().lower()


def normalise(raw: str, region: str) -> Phone:
    """What is to be known about a number, written in any way by a tenant of this region (an ISO code)."""
    fast = _fast(raw, region)
    return _slow(raw, region) if fast is None else fast


def normalise_all(
    raws: Sequence[str | None], region: str
) -> tuple[list[str], list[str | None], list[str], list[str | None]]:
    """What is to be known about many numbers: raw texts, E.164, digits and match keys. None is no number."""
    texts = [raw or "" for raw in raws]
    e164s: list[str | None] = []
    digits: list[str] = []
    keys: list[str | None] = []
    for raw, found in zip(texts, usual_of_all(texts, region), strict=True):
        if found is not None:
            e164s.append(found[0])
            digits.append(found[1])
            keys.append(folded(found[0]))
        elif raw:
            phone = _slow(raw, region)
            e164s.append(phone.e164)
            digits.append(phone.digits)
            keys.append(phone.match_key)
        else:
            e164s.append(None)
            digits.append("")
            keys.append(None)
    return texts, e164s, digits, keys


def phones_of(raws: Collection[str], region: str) -> dict[str, Phone]:
    """normalise() of each number, by how it was written."""
    read = zip(raws, usual_of_all(list(raws), region), strict=True)
    return {raw: _slow(raw, region) if found is None else _usual(raw, *found) for raw, found in read}


def warm(region: str) -> None:
    """Read what the usual spellings of the region's numbers need of the numbering plans."""
    example = phonenumbers.example_number(region)
    if example is not None:
        for style in (phonenumbers.PhoneNumberFormat.NATIONAL, phonenumbers.PhoneNumberFormat.INTERNATIONAL):
            text = phonenumbers.format_number(example, style)
            _fast(text, region)
            _slow(text, region)


def match_key(raw: str, region: str) -> MatchKey:
    """The key of `normalise` for less: what look-up uses."""
    found = usual(raw, region)
    return _slow(raw, region).match_key if found is None else MatchKey(folded(found[0]))


def match_keys_of(phone: Phone, region: str) -> list[MatchKey]:
    """The keys that a number with the same digits may be stored under, its own first.

    Digits alone do not say whether there was a plus before them; where a vendor compares digits, both readings count.
    """
    if not phone.digits:
        return [phone.match_key]
    keys = [phone.match_key, match_key(phone.digits, region), _digits_key(phone.digits)]
    if not is_surely_invalid(phone.digits):
        keys.append(match_key(f"+{phone.digits}", region))
    return list(dict.fromkeys(keys))


def plus_lost(text: str, region: str) -> str:
    """The text with its plus, where it is digits that are an international number first; else as it was.

    For vendors that write E.164 without its plus. So read are digits that do not begin with the region's trunk prefix,
    in regions where nobody leaves that out: not where there is none, and not where it is the calling code as well, as
    in North America. With their plus they must be a valid number.
    """
    digits = text.strip()
    metadata = PhoneMetadata.metadata_for_region(region.upper())
    if (
        metadata is None
        or metadata.national_prefix is None
        or metadata.national_prefix == str(metadata.country_code)
        or not _BARE.fullmatch(digits)
        or digits.startswith(metadata.national_prefix)
    ):
        return text
    international = f"+{digits}"
    return text if normalise(international, region).e164 is None else international


def _fast(raw: str, region: str) -> Phone | None:
    found = usual(raw, region)
    return None if found is None else _usual(raw, *found)


def _usual(raw: str, e164: E164, digits: str) -> Phone:
    return Phone(raw, e164, digits, MatchKey(folded(e164)), "")


@lru_cache(maxsize=20_000)  # a batch asks twice for each, and libphonenumber thinks long about what is no number
def _slow(raw: str, region: str) -> Phone:
    if len(raw) > _LONGEST_NUMBER:
        return Phone(raw, None, "", _text_key(raw), "")
    text = _ascii(raw)
    extension = ""
    for number in _readings(text, region.upper()):
        extension = extension or number.extension or ""
        e164 = _e164(number)
        if phonenumbers.is_valid_number(number):
            return Phone(raw, E164(e164), _digits(text, extension), MatchKey(folded(e164)), extension)
        if _is_retired(number, e164):
            return Phone(raw, None, _digits(text, extension), MatchKey(folded(e164)), extension)
    digits = _digits(text, extension)
    return Phone(raw, None, digits, _digits_key(digits) if digits else _text_key(raw), extension)


# ---- Reading


def _readings(text: str, region: str) -> Iterator[PhoneNumber]:
    """What the text might mean, valid or not, in the order of the module's docstring."""
    first = _FIRST.search(text)
    if first is None:
        return
    body = text[first.start() :]
    if _PLAIN.fullmatch(body) and len(_NOT_DIGITS.sub("", body)) < _SHORTEST_NUMBER:
        return
    if body[0] == "+":
        behind = _BEFORE_DIGITS.sub("", body, count=1)
        if not behind.startswith("0"):
            yield from _parsed(body, None)
            return
        body = behind
    for number in _parsed(body, region):
        if _is_without_plus(number, body, region):
            yield from _parsed("+" + body, None)
        yield number
    for prefix in ("00", "011"):
        if body.startswith(prefix):
            yield from _parsed("+" + body.removeprefix(prefix), None)
    yield from _parsed("+" + body, None)


def _parsed(text: str, region: str | None) -> Iterator[PhoneNumber]:
    try:
        yield phonenumbers.parse(text, region, keep_raw_input=True)
    except NumberParseException:
        return


def _is_without_plus(number: PhoneNumber, body: str, region: str) -> bool:
    """Whether what was read as a national number is rather an international one of the same country."""
    national = phonenumbers.national_significant_number(number)
    metadata = PhoneMetadata.metadata_for_region(region)
    if (
        not national.startswith(str(number.country_code))
        or not _is_national(number)
        or not _NOT_DIGITS.sub("", body).startswith(national)  # a trunk prefix was stripped
        or metadata is None
        or metadata.national_prefix is None
        or phonenumbers.number_type(number) in _MOBILES
    ):
        return False
    return any(phonenumbers.number_type(other) in _LINES for other in _parsed("+" + body, None))


def _is_national(number: PhoneNumber) -> bool:
    return number.country_code_source == CountryCodeSource.FROM_DEFAULT_COUNTRY


def _is_retired(number: PhoneNumber, e164: str) -> bool:
    """Whether an invalid number is the old spelling of a valid one."""
    if e164.startswith("+521") and _is_national(number):
        return False  # Mexico's 1 stood only behind +52: within Mexico this is a North American number
    present = folded(e164)
    return present != e164 and any(map(phonenumbers.is_valid_number, _parsed(present, None)))


def _e164(number: PhoneNumber) -> str:
    return f"+{number.country_code}{phonenumbers.national_significant_number(number)}"


# ---- Characters


def _ascii(text: str) -> str:
    """Digits and pluses in ASCII, and without what is copied along unseen from screens and tables."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_ascii_character, text))


def _ascii_character(character: str) -> str:
    if character in _PLUSES:
        return "+"
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category in {"Zs", "Zl", "Zp", "Cc"}:
        return " "
    return "" if category == "Cf" else character


def _digits(text: str, extension: str) -> str:
    """The digits of a text from `_ascii`, up to the extension."""
    return _NOT_DIGITS.sub("", text[: text.rindex(extension)] if extension else text)


# ---- Keys


def _digits_key(digits: str) -> MatchKey:
    return MatchKey(f"d:{digits}" if len(digits) <= _LONGEST_KEY else f"d#{_hash(digits)}")


def _text_key(text: str) -> MatchKey:
    """`t:` and the text, case ignored; its hash where it is long, or could not be stored."""
    plain = text.strip().casefold()
    storable = len(plain) <= _LONGEST_KEY and "\0" not in plain and not _SURROGATES.search(plain)
    return MatchKey(f"t:{plain}" if storable else f"t#{_hash(plain)}")


_SURROGATES = re.compile("[\ud800-\udfff]")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
