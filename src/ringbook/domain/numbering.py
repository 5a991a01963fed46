"""Numbering plans compiled for speed: the usual spellings are read in a microsecond, and the others known.

libphonenumber's rules for a country become a few regular expressions on first use. What they accept is what
`phonenumbers` would have answered. Whatever else there is (extensions, vanity numbers, other scripts, foreign
prefixes, invalid numbers) is left to it; `ringbook.domain.phone` goes that way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache, cached_property
from typing import NewType

from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    SUPPORTED_REGIONS,
    PhoneMetadata,
    PhoneNumberDesc,
)

E164 = NewType("E164", str)
"""A number libphonenumber calls valid: plus, calling code, national number."""

_Match = Callable[[str], re.Match[str] | None]

_LONGEST_USUAL = 40
# Every ASCII character has an entry: str.translate is slow where it has to find out that there is none.
_WITHOUT_PUNCTUATION = {i: None if chr(i) in " -.()/" else i for i in range(128)}
_NOTHING = "(?!)"
_RETIRED_SPELLINGS = ("52", "54", "55")
"""Calling codes under which a number may be valid that its plan no longer knows: `ringbook.domain.twins`."""

_LINES = ("fixed_line", "mobile")
_SERVICES = (
    "premium_rate",
    "toll_free",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
)


def usual(text: str, region: str) -> tuple[E164, str] | None:
    """The valid number in a usual spelling, and its digits as written. None: ask libphonenumber."""
    if len(text) > _LONGEST_USUAL or not text.isascii():
        return None
    return _read(text.translate(_WITHOUT_PUNCTUATION), _HOMES.get(region) or _home(region))


def usual_of_all(texts: Sequence[str], region: str) -> list[tuple[E164, str] | None]:
    """usual() of each text, for half of what single calls cost."""
    # The line end is no punctuation: it keeps the texts apart.
    together = "\n".join(texts)
    read = together.translate(_WITHOUT_PUNCTUATION).split("\n") if together.isascii() else []
    if len(read) != len(texts) or max(map(len, texts), default=0) > _LONGEST_USUAL:
        return [usual(text, region) for text in texts]
    home = _HOMES.get(region) or _home(region)
    if home is None:
        return [_read(digits, None) for digits in read]
    bare, plus_code = home.is_bare_at_home, home.plus_code
    return [(E164(plus_code + digits), digits) if bare(digits) else _read(digits, home) for digits in read]


def _read(digits: str, home: Plan | None) -> tuple[E164, str] | None:
    if digits[:1] == "+":
        digits = digits[1:]
        e164 = _international(digits)
    elif home is None:
        return None
    else:
        e164 = E164(home.plus_code + digits) if home.is_bare_at_home(digits) else _national(digits, home)
    return None if e164 is None else (e164, digits)


def is_surely_invalid(digits: str) -> bool:
    """Whether a plus and these digits are no valid number, not even a retired one. False: ask libphonenumber."""
    plan = _MAIN_PLANS.get(digits[:3]) or _main_plan(digits[:3])
    if plan is None or plan.code in _RETIRED_SPELLINGS:
        return False
    return plan.is_surely_invalid(digits[plan.code_length :])


def _international(digits: str) -> E164 | None:
    plan = _MAIN_PLANS.get(digits[:3]) or _main_plan(digits[:3])
    if plan is None:
        return None
    rest = digits[plan.code_length :]
    if plan.is_bare(rest):
        return E164("+" + digits)
    national = plan.significant(rest)
    return None if national is None else E164(plan.plus_code + national)


def _national(digits: str, home: Plan) -> E164 | None:
    prefix = home.abroad(digits)
    if prefix is not None:
        rest = digits[prefix.end() :]
        return None if rest[:1] == "0" else _international(rest)
    if digits.startswith(home.code):
        return _perhaps_without_plus(digits, home)
    national = home.significant(digits)
    return None if national is None else E164(home.plus_code + national)


def _perhaps_without_plus(digits: str, home: Plan) -> E164 | None:
    """Digits that begin like the region's own calling code; `ringbook.domain.phone` explains who wins."""
    rest = digits[home.code_length :]
    if len(digits) > home.longest or not home.is_general(digits):
        clear = home.is_general(rest) and home.has_no_trunk_prefix(rest)
        return _international(digits) if clear else None
    if not home.has_no_trunk_prefix(digits) or not home.is_own(digits):
        return None
    if home.metadata.national_prefix is None:
        return E164(home.plus_code + digits)
    if not home.is_alone or home.is_mobile(digits) or not home.has_no_trunk_prefix(rest):
        return None
    return E164(f"+{digits}") if home.is_line(rest) else None


class Plan:
    """How numbers are written in one region. Each rule is compiled when it is first needed."""

    def __init__(self, metadata: PhoneMetadata, code: int, region: str) -> None:
        self.metadata = metadata
        self.code = str(code)
        self.code_length = len(self.code)
        self.plus_code = "+" + self.code
        self.is_alone = COUNTRY_CODE_TO_REGION_CODE[code] == (region,)
        self.longest = max(_general(metadata).possible_length, default=0)
        self._trunk = re.compile(self._trunk_pattern).match

    @property
    def _trunk_pattern(self) -> str:
        return self.metadata.national_prefix_for_parsing or _NOTHING

    @cached_property
    def abroad(self) -> _Match:
        """The region's own prefix for calls abroad."""
        return re.compile(self._abroad_pattern).match

    @property
    def _abroad_pattern(self) -> str:
        return self.metadata.international_prefix or _NOTHING

    @cached_property
    def is_bare(self) -> _Match:
        """Whether these digits are a valid number as it is: nothing to drop, nothing to think about."""
        return re.compile(f"(?!{self._trunk_pattern})(?:{_valid_anywhere(int(self.code))})").fullmatch

    @cached_property
    def is_bare_at_home(self) -> _Match:
        """The same for a number that was dialled within the region."""
        ambiguous = rf"(?!\+|{self.code}|{self._abroad_pattern}|{self._trunk_pattern})"
        return re.compile(f"{ambiguous}(?:{_valid_anywhere(int(self.code))})").fullmatch

    @cached_property
    def is_general(self) -> _Match:
        return re.compile(_general(self.metadata).national_number_pattern or _NOTHING).fullmatch

    @cached_property
    def is_valid(self) -> _Match:
        """Whether these digits are a valid number in a region with this calling code."""
        return re.compile(_valid_anywhere(int(self.code))).fullmatch

    @cached_property
    def is_own(self) -> _Match:
        """Whether they are one, and fit this region's own rules."""
        anywhere = "" if self.is_alone else rf"(?=(?:{_valid_anywhere(int(self.code))})\Z)"
        return re.compile(anywhere + _valid(self.metadata)).fullmatch

    @cached_property
    def is_mobile(self) -> _Match:
        return re.compile(_any_of(self.metadata, ["mobile"])).fullmatch

    @cached_property
    def is_line(self) -> _Match:
        """Whether they are a landline or a mobile, and not (also) a service number."""
        services = _any_of(self.metadata, _SERVICES)
        return re.compile(rf"(?!(?:{services})\Z){_valid(self.metadata, _LINES)}").fullmatch

    def has_no_trunk_prefix(self, digits: str) -> bool:
        prefix = self._trunk(digits)
        return prefix is None or prefix.end() == 0

    def is_surely_invalid(self, digits: str) -> bool:
        """Whether these digits are no valid number, with what may be a trunk prefix and without it."""
        prefix = self._trunk(digits)
        if prefix is not None and prefix.lastindex is not None:
            return False
        return not (self.is_valid(digits) or (prefix is not None and self.is_valid(digits[prefix.end() :])))

    def significant(self, digits: str) -> str | None:
        """The valid national number in these digits, its trunk prefix dropped. None: ask libphonenumber."""
        prefix = self._trunk(digits)
        if prefix is None:
            return digits if self.is_valid(digits) else None
        if prefix.lastindex is not None:  # carrier codes and local numbers have rules of their own
            return None
        rest = digits[prefix.end() :]
        return rest if self.is_own(rest) else None


_HOMES: dict[str, Plan] = {}
_MAIN_PLANS: dict[str, Plan] = {}


def _home(region: str) -> Plan | None:
    """The plan of a tenant's region. Only real regions are remembered."""
    name = region.upper()
    metadata = PhoneMetadata.metadata_for_region(name) if name in SUPPORTED_REGIONS else None
    if metadata is None or metadata.country_code is None:
        return None
    plan = _HOMES[region] = Plan(metadata, metadata.country_code, name)
    return plan


def _main_plan(prefix: str) -> Plan | None:
    """The plan of the main region behind a calling code, by the first three digits after the plus."""
    if len(prefix) < 3 or not prefix.isdigit():
        return None
    codes = (int(prefix[:length]) for length in (1, 2, 3) if prefix[0] != "0")
    code = next((code for code in codes if code in COUNTRY_CODE_TO_REGION_CODE), None)
    plan = None if code is None else _plan_of(code)
    if plan is not None:
        _MAIN_PLANS[prefix] = plan
    return plan


@cache
def _plan_of(code: int) -> Plan | None:
    region = COUNTRY_CODE_TO_REGION_CODE[code][0]
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    return None if metadata is None else Plan(metadata, code, region)


# ---- libphonenumber's metadata as regular expressions


@cache
def _valid_anywhere(code: int) -> str:
    """A region with leading digits claims all that begins so, valid or not; others claim what is valid."""
    regions = COUNTRY_CODE_TO_REGION_CODE[code]
    alternatives, unclaimed = [], ""
    for region in regions:
        metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
        if metadata is None:
            continue
        leading = metadata.leading_digits if len(regions) > 1 else None  # a region alone needs none
        begins = f"(?={leading})" if leading else ""
        alternatives.append(f"(?:{unclaimed}{begins}{_valid(metadata)})")
        unclaimed += f"(?!{leading})" if leading else ""
    return "|".join(alternatives) or _NOTHING


def _valid(metadata: PhoneMetadata, kinds: Iterable[str] = _LINES + _SERVICES) -> str:
    general = _general(metadata)
    pattern = general.national_number_pattern or _NOTHING
    return rf"{_has_length(general)}(?=(?:{pattern})\Z)(?:{_any_of(metadata, kinds)})"


def _any_of(metadata: PhoneMetadata, kinds: Iterable[str]) -> str:
    descriptions: list[PhoneNumberDesc | None] = [getattr(metadata, kind) for kind in kinds]
    patterns = [
        f"{_has_length(each)}(?:{each.national_number_pattern})"
        for each in descriptions
        if each and each.national_number_pattern
    ]
    return "|".join(patterns) or _NOTHING


def _has_length(description: PhoneNumberDesc) -> str:
    """The possible lengths as few ranges: `5,6,7,10` is `\\d{5,7}|\\d{10,10}`."""
    lengths = description.possible_length
    firsts = [length for length in lengths if length - 1 not in lengths]
    lasts = [length for length in lengths if length + 1 not in lengths]
    ranges = "|".join(rf"\d{{{first},{last}}}" for first, last in zip(firsts, lasts, strict=True))
    return rf"(?=(?:{ranges})\Z)" if ranges else ""


def _general(metadata: PhoneMetadata) -> PhoneNumberDesc:
    return metadata.general_desc or PhoneNumberDesc()
