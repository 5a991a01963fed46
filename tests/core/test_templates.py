"""Templates and their tokens."""

from __future__ import annotations

import base64

import pytest

from ringbook.core.access import Core, Records
from ringbook.core.templates import OwnedTemplate
from ringbook.domain.page import LARGEST_ID
from ringbook.domain.problems import Conflict, Forbidden, Invalid, Missing, Unauthenticated
from tests.core.cast import history, number, only, told

HOUR = 3600.0


async def second(records: Records, token: str | None = None) -> OwnedTemplate:
    return await records.templates.create("Second", HOUR, ["A", "B"], description="what the IVR asked", token=token)


async def opens(core: Core, token: str | None) -> bool:
    """Whether a worker that has never heard of the token accepts it."""
    try:
        await Core(core.database).authenticate("mindful", token or "")
    except Unauthenticated:
        return False
    return True


async def test_a_new_template_has_a_token_as_the_vendors_look(core: Core, records: Records) -> None:
    made = await second(records)
    assert made.token is not None
    assert len(base64.b64decode(made.token, validate=True)) == 32
    assert len(made.token) == 44
    holder = await core.authenticate("mindful", made.token)
    assert holder.template is not None
    assert (holder.template.id, holder.template.data_keys) == (made.template.id, ("A", "B"))


async def test_a_token_is_told_once_and_kept_nowhere(records: Records) -> None:
    made = await second(records)
    listed = {each.template.name: each for each in await records.templates.all()}
    assert listed["Second"] == OwnedTemplate(made.template, enabled=True)
    entries = [e for entity in ("template", "key") for e in await history(records, entity)]
    assert not any((made.token or "").encode() in bytes(part) for e in entries for part in (e.before, e.after))


async def test_a_name_or_token_that_is_taken_is_a_conflict_and_changes_nothing(core: Core, records: Records) -> None:
    first = await second(records, "token-of-" + records.tenant.slug)
    with pytest.raises(Conflict):
        await records.templates.create("Second", 2 * HOUR, ["C"])
    with pytest.raises(Conflict):
        await records.templates.create("Third", HOUR, [], token="token-of-" + records.tenant.slug)
    names = {each.template.name: each.template for each in await records.templates.all()}
    assert (names["Second"], "Third" in names) == (first.template, False)
    assert await opens(core, first.token)


@pytest.mark.parametrize(
    ("seconds", "keys"),
    [
        (0, []),
        (-1, []),
        (48 * HOUR + 1, []),
        (HOUR, ["A", "A"]),
        *((HOUR, [k]) for k in ("ani", "ecbt", "organization")),
    ],
)
async def test_a_template_that_could_not_be_answered_for_is_refused(
    records: Records, seconds: float, keys: list[str]
) -> None:
    with pytest.raises(Invalid):
        await records.templates.create("Third", seconds, keys)
    made = await second(records)
    with pytest.raises(Invalid):
        await records.templates.change(made.template.id, retention_seconds=seconds, data_keys=keys)
    assert [each.template.name for each in await records.templates.all()] == ["Inbound IVR context", "Second"]


async def test_a_change_is_of_what_is_given_and_counts_from_the_next_submission(core: Core, records: Records) -> None:
    made = await second(records)
    before = await records.datasets.submit("Second", number(1), {"A": "1"})
    changed = await records.templates.change(made.template.id, retention_seconds=2 * HOUR)
    assert (changed.template.retention_seconds, changed.template.data_keys) == (2 * HOUR, ("A", "B"))
    assert (changed.template.description, changed.enabled, changed.token) == ("what the IVR asked", True, None)
    assert only(await records.datasets.of_number(number(1))) == before
    after = await records.datasets.submit("Second", number(1), {"A": "1"})
    assert (after.expires_at - after.submitted_at).total_seconds() == 2 * HOUR
    keys = await records.templates.change(made.template.id, data_keys=["C"], description="")
    assert (keys.template.data_keys, keys.template.description) == (("C",), "")
    assert await opens(core, made.token)
    assert len(await history(records, "template", made.template.id)) == 3
    await records.templates.change(made.template.id, data_keys=["C"])
    assert len(await history(records, "template", made.template.id)) == 3, "nothing changed"


async def test_another_token_ends_the_one_before_and_the_data_stays(core: Core, records: Records) -> None:
    made = await second(records)
    await records.datasets.submit("Second", number(1), {"A": "1"})
    rotated = await records.templates.rotate_token(made.template.id)
    assert rotated.token not in (None, made.token)
    assert (await opens(core, made.token), await opens(core, rotated.token)) == (False, True)
    holder = await core.authenticate("mindful", rotated.token or "")
    assert told((await holder.datasets.of_template(rotated.template, number(1))).values) == {"A": "1"}


async def test_a_disabled_template_lets_nobody_in_until_it_has_another_token(core: Core, records: Records) -> None:
    made = await second(records)
    await records.datasets.submit("Second", number(1), {"A": "1"})
    for _ in range(2):
        assert await records.templates.disable(made.template.id) == OwnedTemplate(made.template, enabled=False)
    assert not await opens(core, made.token)
    assert [each.enabled for each in await records.templates.all()] == [True, False]
    assert (await records.templates.change(made.template.id, data_keys=["A"])).enabled is False
    assert only(await records.datasets.of_number(number(1))).values == {"A": "1"}, "who asks natively still sees it"
    again = await records.templates.rotate_token(made.template.id)
    assert (again.enabled, await opens(core, again.token), await opens(core, made.token)) == (True, True, False)


async def test_a_disabled_template_stays_so_when_its_workspace_is_applied(core: Core, records: Records) -> None:
    made = await second(records)
    await records.templates.disable(made.template.id)
    _, token = await records.templates.put("Second", HOUR, ["A", "B"], "another-token-of-it")
    assert token is None
    assert not await opens(core, "another-token-of-it")


async def test_another_tenants_template_is_missing(records: Records, other: Records) -> None:
    made = await second(other)
    for id_ in (made.template.id, 0, -1, LARGEST_ID, LARGEST_ID + 1):
        with pytest.raises(Missing):
            await records.templates.change(id_, data_keys=[])
        with pytest.raises(Missing):
            await records.templates.rotate_token(id_)
        with pytest.raises(Missing):
            await records.templates.disable(id_)
    assert [each.template.name for each in await other.templates.all()] == ["Inbound IVR context", "Second"]


async def test_only_an_admin_changes_templates_and_everybody_sees_them(core: Core, records: Records) -> None:
    made = await second(records)
    key = await records.keys.create("writer", "native", scopes=["write"])
    writer = await core.authenticate("native", key.secret)
    assert await writer.templates.all() == await records.templates.all()
    for use in (
        writer.templates.create("Third", HOUR, []),
        writer.templates.change(made.template.id, data_keys=[]),
        writer.templates.rotate_token(made.template.id),
        writer.templates.disable(made.template.id),
    ):
        with pytest.raises(Forbidden):
            await use
