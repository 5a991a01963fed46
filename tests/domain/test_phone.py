"""Whatever spelling a number was stored in, the phone that rings finds it."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from ringbook.domain import phone
from ringbook.domain.numbering import is_surely_invalid
from ringbook.domain.phone import match_key, match_keys_of, normalise, normalise_all, plus_lost

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
PERSONAL = (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE)
BERLIN = "+493023125000"
AREAS_OF_BRAZIL = ("11", "21", "31", "47", "51", "61", "71", "85", "91", "99")


def examples(region: str, types: tuple[int, ...] = PERSONAL) -> Iterator[PhoneNumber]:
    for kind in types:
        number = phonenumbers.example_number_for_type(region, kind)
        if number is not None:
            yield number


def written(number: PhoneNumber, style: int) -> str:
    return phonenumbers.format_number(number, style)


def spellings(number: PhoneNumber) -> list[str]:
    """As people, files, trunks and phone systems write it."""
    e164 = written(number, PhoneNumberFormat.E164)
    national = written(number, PhoneNumberFormat.NATIONAL)
    international = written(number, PhoneNumberFormat.INTERNATIONAL)
    return [
        national,
        "".join(filter(str.isdigit, national)),
        e164,
        international,
        international.replace("+", "00"),
        "00" + e164[1:],
        e164[1:],
        " " + e164[1:],
        "+" + e164,
        "+00" + e164[1:],
        "\uff0b" + e164[1:],
    ]


# ---- Every country


@pytest.mark.parametrize("region", REGIONS)
def test_every_country_finds_its_own_numbers_in_every_spelling(region: str) -> None:
    for number in examples(region):
        e164 = written(number, PhoneNumberFormat.E164)
        expected = match_key(e164, region)
        assert normalise(e164, region).e164 == e164
        assert {text: match_key(text, region) for text in spellings(number)} == dict.fromkeys(
            spellings(number), expected
        )


@pytest.mark.parametrize("tenant", ["US", "DE", "BR", "JP", "KR"])
def test_numbers_from_abroad_are_found_with_a_plus_and_as_dialled(tenant: str) -> None:
    prefix = {"US": "011", "DE": "00", "BR": "0021", "JP": "010", "KR": "001"}[tenant]
    for region in ("FR", "IT", "AU", "IN", "CI", "SM"):
        for number in examples(region):
            e164 = written(number, PhoneNumberFormat.E164)
            spelled = (e164, written(number, PhoneNumberFormat.INTERNATIONAL), prefix + e164[1:])
            assert {match_key(text, tenant) for text in spelled} == {e164}


@pytest.mark.parametrize(
    "text",
    [
        "030 23125-000",
        " 030 23125-000",
        "(030) 23125000",
        "030/23125000",
        "03023125000",
        "+49 30 23125-000",
        "+49 (0)30 23125-000",
        "(+49) 30 23125000",
        "0049 30 23125000",
        "++493023125000",
        "+0049 30 23125000",
        "+030 23125000",
        "493023125000",
        " 493023125000",
        "49 30 23125000",
        "Tel.: 030 23125000",
        "tel:+49-30-23125-000",
        "tel:23125000;phone-context=+4930",
        "030 23125000 ext. 12",
        "\u202a+49 30 23125000\u202c",
        "\u200e030\u202f23125\u2011000",
        "030\t23125000\r\n",
        "\uff10\uff13\uff10\uff12\uff13\uff11\uff12\uff15\uff10\uff10\uff10",
        "\u0660\u0663\u0660\u0662\u0663\u0661\u0662\u0665\u0660\u0660\u0660",
    ],
)
def test_a_berlin_number_is_one_number_however_it_is_written(text: str) -> None:
    assert normalise(text, "DE").e164 == BERLIN
    assert match_key(text, "DE") == BERLIN


@pytest.mark.parametrize(
    "text",
    [
        "+49 30 23125000",
        "011 49 30 23125000",
        "0049 30 23125000",
        "493023125000",
        " 493023125000",
        "+011493023125000",
    ],
)
def test_an_american_tenant_finds_berlin(text: str) -> None:
    assert match_key(text, "US") == BERLIN


@pytest.mark.parametrize("text", ["(212) 555-0100", "212.555.0100", "1-212-555-0100", "12125550100", "+1 212 555 0100"])
def test_an_american_number_is_one_number_however_it_is_written(text: str) -> None:
    assert match_key(text, "US") == "+12125550100"


def test_a_canadian_number_is_national_for_an_american_tenant() -> None:
    assert match_key("604 555 0100", "US") == "+16045550100"


# ---- Where one text could be two numbers


def test_eleven_at_the_start_is_an_area_code_where_people_dial_double_zero() -> None:
    assert match_key("0113 496 0000", "GB") == "+441134960000"
    assert match_key("011 4930 1234", "AR") == "+541149301234"
    assert match_key("011 493 0123", "IT") == "+390114930123"


def test_a_plus_is_final() -> None:
    number = normalise("+2125550100", "US")
    assert (number.e164, number.match_key) == (None, "d:2125550100")


def test_a_blank_before_a_national_number_is_only_a_blank() -> None:
    assert match_key(" 6565550100", "US") == "+16565550100"


def test_an_own_calling_code_beats_a_landline_without_its_trunk_prefix() -> None:
    assert match_key("04931 123456", "DE") == "+494931123456"
    assert match_key("4915123456789", "DE") == "+4915123456789"


def test_a_mobile_without_its_trunk_prefix_beats_an_own_calling_code() -> None:
    assert match_key("53485123", "CU") == "+5353485123"
    assert match_key("9118008940", "IN") == "+919118008940"


def test_a_national_number_beats_a_foreign_one_without_plus() -> None:
    assert match_key("6565550100", "US") == "+16565550100"


@pytest.mark.parametrize(
    ("text", "region", "read"),
    [
        ("41441234567", "DE", "+41441234567"),
        (" 41441234567 ", "de", "+41441234567"),
        ("493023125010", "DE", "+493023125010"),
        ("13305550147", "DE", "+13305550147"),
        ("04144123456", "DE", "04144123456"),  # the trunk prefix is there
        ("0041441234567", "DE", "0041441234567"),
        ("3023125010", "DE", "3023125010"),  # no number with a plus
        ("41 44 1234567", "DE", "41 44 1234567"),  # people write so; E.164 has no blanks
        ("+41441234567", "DE", "+41441234567"),
        ("", "DE", ""),
        ("3305550147", "US", "3305550147"),
        ("41441234567", "US", "41441234567"),  # 1 is trunk prefix and calling code
        ("41441234567", "ES", "41441234567"),  # no trunk prefix
        ("41441234567", "", "41441234567"),
    ],
)
def test_digits_are_international_for_who_writes_no_plus(text: str, region: str, read: str) -> None:
    assert plus_lost(text, region) == read


# ---- Twins


@pytest.mark.parametrize("area", AREAS_OF_BRAZIL)
@pytest.mark.parametrize("line", ["61234567", "81234567", "91234567", "71234567"])
def test_a_brazilian_mobile_is_found_with_and_without_its_ninth_digit(area: str, line: str) -> None:
    now = f"+55{area}9{line}"
    for text in (f"+55{area}{line}", f"({area}) {line[:4]}-{line[4:]}", f"0{area}{line}", f"55{area}{line}"):
        assert match_key(text, "BR") == now
    assert match_key(now, "BR") == match_key(f"({area}) 9{line}", "BR") == now


@pytest.mark.parametrize("area", AREAS_OF_BRAZIL)
@pytest.mark.parametrize("line", ["21234567", "31234567", "41234567", "51234567", "77123456", "78123456"])
def test_brazilian_landlines_and_trunked_radio_are_no_mobiles(area: str, line: str) -> None:
    assert match_key(f"+55{area}{line}", "BR") == f"+55{area}{line}"
    assert match_key(f"+55{area}9{line}", "BR") == f"+55{area}9{line}"


def test_a_retired_spelling_is_not_valid_but_identifies_who_the_new_one_does() -> None:
    old = normalise("+55 11 8123-4567", "US")
    assert old.e164 is None
    assert old.digits == "551181234567"
    assert old.match_key == "+5511981234567"
    assert old.identifies


@pytest.mark.parametrize(
    "text",
    [
        "+52 1 222 123 4567",
        "+52 222 123 4567",
        "5212221234567",
        "0052 1 222 123 4567",
        "222 123 4567",
        "044 222 123 4567",
        "01 222 123 4567",
    ],
)
def test_a_mexican_number_is_found_with_and_without_the_one(text: str) -> None:
    assert match_key(text, "MX") == "+522221234567"


def test_a_mexican_tenant_reads_a_bare_one_as_north_american() -> None:
    assert match_key("12225550100", "MX") == "d:12225550100"
    assert match_key("15515550100", "MX") == "+15515550100"


@pytest.mark.parametrize(
    "text", ["+54 9 11 2345-6789", "+54 11 2345-6789", "011 15 2345-6789", "011 2345-6789", "5491123456789"]
)
def test_an_argentine_number_is_found_with_and_without_the_nine(text: str) -> None:
    assert match_key(text, "AR") == "+541123456789"


def test_a_twin_stays_as_it_was_given() -> None:
    assert normalise("+54 9 11 2345-6789", "AR").e164 == "+5491123456789"
    assert normalise("+55 11 7123-4567", "BR").e164 == "+551171234567"


# ---- Extensions, vanity numbers, short codes, text


@pytest.mark.parametrize("label", [" ext. 12", "x12", ";ext=12", " #12", " extension 12", ", ext 12"])
@pytest.mark.parametrize("number", ["+1 212 555 0100", "(212) 555-0100", "12125550100"])
def test_an_extension_is_kept_and_its_number_is_found(number: str, label: str) -> None:
    found = normalise(number + label, "US")
    assert found.extension == "12"
    assert found.match_key == "+12125550100"
    assert found.digits == "".join(filter(str.isdigit, number))


def test_an_extension_is_no_part_of_an_invalid_number_either() -> None:
    found = normalise("5550100 x12", "US")
    assert (found.match_key, found.extension) == ("d:5550100", "12")


def test_letters_are_dialled_where_that_makes_a_number() -> None:
    assert match_key("1-800-FLOWERS", "US") == "+18003569377"


@pytest.mark.parametrize("text", ["1234", "*1234", "12-34", "room 12/34", "+1234"])
def test_what_is_no_number_is_found_by_its_digits(text: str) -> None:
    found = normalise(text, "DE")
    assert found.match_key == "d:1234"
    assert found.e164 is None
    assert not found.identifies


def test_what_has_no_digits_is_found_by_its_text() -> None:
    assert match_key("x", "US") == "t:x"
    assert match_key("  Anonymous\n", "US") == match_key("ANONYMOUS", "US") == "t:anonymous"
    assert match_key("", "US") == match_key("  ", "US") == "t:"


@pytest.mark.parametrize("region", ["", "ZZ", "001", "Atlantis", "\ud800"])
def test_without_a_known_region_only_international_numbers_are_read(region: str) -> None:
    assert match_key(BERLIN, region) == match_key("0049 30 23125000", region) == BERLIN
    assert match_key("030 23125000", region) == "d:03023125000"


def test_a_region_may_be_written_small() -> None:
    assert match_key("030 23125000", "de") == normalise("030 23125000 x1", "de").match_key == BERLIN


# ---- Whatever comes


@pytest.mark.parametrize("length", [65, 200, 250, 251, 100_000])
def test_the_key_of_a_long_text_is_short_and_its_own(length: int) -> None:
    digits, other = "1" * length, "1" * (length - 1) + "2"
    assert len(match_key(digits, "US")) < 100
    assert match_key(digits, "US") != match_key(other, "US")
    assert len(match_key("\u0390" * length, "US")) < 100
    assert match_key("a" * length, "US") == match_key("A" * length, "US") != match_key("b" * length, "US")


@pytest.mark.parametrize(
    "text",
    [
        "1" * 250,
        "+" * 250,
        "1 " * 125,
        "(" * 249 + "1",
        "1" + "," * 248 + "x",
        "1 x" * 83,
        "123" + "-" * 247,
        "0" * 250,
        "1~" * 125,
    ],
)
def test_the_worst_text_is_read_in_no_time(text: str) -> None:
    began = time.perf_counter()
    normalise(text, "US")
    assert time.perf_counter() - began < 0.25


def test_a_key_can_be_stored_where_the_text_could_not() -> None:
    for text in ("\0", "a\0b", "\ud800", "x\udfff"):
        key = match_key(text, "US")
        assert "\0" not in key
        assert key.encode()
    assert match_key("\ud800", "US") != match_key("\ud801", "US")


@given(st.text(st.characters(exclude_categories=())), st.sampled_from(["US", "DE", "BR", "IT", "", "zz"]))
@settings(max_examples=300, deadline=None)
def test_any_text_has_a_key(text: str, region: str) -> None:
    found = normalise(text, region)
    assert found.raw == text
    assert found.match_key == match_key(text, region)
    assert found.match_key[:2] in {"d:", "d#", "t:", "t#"} or phonenumbers.is_valid_number(
        phonenumbers.parse(found.match_key)
    )
    assert found.digits == "" or (found.digits.isascii() and found.digits.isdigit())
    assert found.match_key.encode()


@given(st.text("0123456789+-()/. x#;,~*", max_size=30), st.sampled_from(REGIONS))
@settings(max_examples=500, deadline=None)
def test_any_scribble_has_the_key_of_the_long_way(text: str, region: str) -> None:
    assert normalise(text, region) == phone._slow(text, region)


@given(st.lists(st.text("0123456789+-()/. x\né", max_size=20)), st.sampled_from([*REGIONS, "zz"]))
@settings(deadline=None)
def test_many_are_read_as_one_by_one(texts: list[str], region: str) -> None:
    raws, e164s, digits, keys = normalise_all([text or None for text in texts], region)
    assert raws == texts
    for text, *read in zip(texts, e164s, digits, keys, strict=True):
        one = normalise(text, region)
        assert read == ([one.e164, one.digits, one.match_key] if text else [None, "", None])


# ---- The fast way


@st.composite
def dialled(draw: st.DrawFn) -> tuple[str, str]:
    """A number near an example of some country, spelled in some way, and the region of who dials."""
    region = draw(st.sampled_from(REGIONS))
    number = draw(st.sampled_from(list(examples(region, PhoneNumberType.values()))))
    text = draw(st.sampled_from(spellings(number)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text) - 1))
        text = text[:at] + draw(st.sampled_from("0123456789 ")) + text[at + draw(st.integers(0, 1)) :]
    return text, draw(st.sampled_from([region, region, "US", "DE", "GB", "BR", "AR", "IT", "FI"]))


@given(dialled())
@settings(max_examples=800, deadline=None)
def test_the_fast_way_leads_where_the_long_way_does(case: tuple[str, str]) -> None:
    text, region = case
    fast = phone._fast(text, region)
    assert fast is None or fast == phone._slow(text, region)


def test_the_fast_way_agrees_on_random_numbers_of_every_country() -> None:
    chance = random.Random(7)
    for region in REGIONS:
        number = chance.choice(list(examples(region)))
        for text in (*spellings(number), phonenumbers.national_significant_number(number)):
            shuffled = text[:-4] + f"{chance.randrange(10_000):04d}"
            fast = phone._fast(shuffled, region)
            assert fast is None or fast == phone._slow(shuffled, region)


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("+493023125000", "US"),
        ("+49 (0)30 23125-000", "US"),
        ("030 23125-000", "DE"),
        ("0049 30 23125000", "DE"),
        ("493023125000", "DE"),
        ("(212) 555-0100", "US"),
        ("1-212-555-0100", "US"),
        ("12125550100", "US"),
        ("020 7946 0000", "GB"),
        ("442079460000", "GB"),
        ("(11) 96123-4567", "BR"),
    ],
)
def test_usual_spellings_go_the_fast_way(text: str, region: str) -> None:
    assert phone._fast(text, region) is not None


# ---- The keys of the same digits

_BETWEEN = st.sampled_from(["", " ", "-", ".", "  ", "/"])


@st.composite
def _same_digits(draw: st.DrawFn) -> tuple[str, str, str]:
    """A region, and two spellings of one row of digits: with and without a plus, and with anything between."""
    region = draw(st.sampled_from(["US", "DE", "CO", "MX", "BR", "GB", "IT"]))
    digits = draw(
        st.from_regex(r"[0-9]{1,18}", fullmatch=True)
        | st.sampled_from(["3305550101", "13305550101", "573001234567", "5213312345678", "493023125000", "03023125000"])
    )

    def spelled() -> str:
        plus = draw(st.sampled_from(["", "+", " ", " +"]))
        return plus + "".join(digit + draw(_BETWEEN) for digit in digits)

    return region, spelled(), spelled()


@given(_same_digits())
@settings(deadline=None)
def test_who_asks_by_digits_finds_what_is_stored_with_the_same_digits(same: tuple[str, str, str]) -> None:
    region, asked, stored = same
    keys = match_keys_of(normalise(asked, region), region)
    assert keys[0] == match_key(asked, region)
    assert match_key(stored, region) in keys
    assert len(keys) == len(set(keys))


def test_a_text_without_digits_is_only_itself() -> None:
    assert match_keys_of(normalise("anonymous", "US"), "US") == ["t:anonymous"]


def test_who_asks_by_digits_finds_what_was_stored_as_digits_alone() -> None:
    assert "d:13305550101" in match_keys_of(normalise("+1 330 555 0101", "US"), "US"), "from before it was valid"


_CODES = st.sampled_from(sorted(map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE)))


@given(_CODES, st.sampled_from(["", "0", "1", "8"]), st.from_regex(r"[0-9]{4,12}", fullmatch=True))
@settings(deadline=None, max_examples=500)
def test_what_is_surely_invalid_is_no_number_to_libphonenumber(code: str, trunk: str, rest: str) -> None:
    digits = code + trunk + rest
    assert not (is_surely_invalid(digits) and normalise(f"+{digits}", "US").identifies)


@pytest.mark.parametrize("region", ["US", "DE", "AT", "SH", "MX"])
def test_what_has_too_few_digits_is_no_number_without_a_thought(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["Room 12", "1", "+12", "999", "(1) 2-3", "00 1", "011"]
    monkeypatch.setattr(phone, "_SHORTEST_NUMBER", 0)
    phone._slow.cache_clear()
    thought_over = [match_key(text, region) for text in texts]
    monkeypatch.undo()
    phone._slow.cache_clear()
    monkeypatch.setattr(phone, "_parsed", None)
    assert [match_key(text, region) for text in texts] == thought_over
