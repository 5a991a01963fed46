"""Keys and users: what they may, that their secrets are told once, and how they end."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ringbook.core.access import Core, Records
from ringbook.core.passwords import Passwords
from ringbook.domain.access import KeyDialect
from ringbook.domain.problems import Conflict, Forbidden, Invalid, Missing, Unauthenticated
from tests.core.cast import history, move_clock, number


def elsewhere(core: Core) -> Core:
    """The same database seen by another worker, which has let nobody in yet."""
    return Core(core.database)


async def with_scopes(core: Core, records: Records, *scopes: str) -> Records:
    made = await records.keys.create("-".join(("key", *scopes)), "native", scopes=scopes)
    return await core.authenticate("native", made.secret)


# ---- Scopes


async def test_a_reader_reads_a_writer_writes_and_an_admin_administers(core: Core, records: Records) -> None:
    reader, writer = await with_scopes(core, records, "read"), await with_scopes(core, records, "write")
    assert await reader.contacts.page() == await writer.contacts.page() == []
    await writer.contacts.save({"city": "Akron"})
    with pytest.raises(Forbidden, match="write"):
        await reader.contacts.save({"city": "Akron"})
    with pytest.raises(Forbidden, match="admin"):
        await writer.schema.hide("customer_number")


@pytest.mark.parametrize(
    ("dialect", "asked", "granted"),
    [
        ("native", ("read", "write"), {"read", "write"}),
        ("native", (), {"read"}),
        ("cim", (), {"admin"}),
        ("cim", ("read",), {"read"}),
        ("wolkvox", (), {"write"}),
        ("jtel", (), {"write"}),
        ("callerid", (), {"read"}),
    ],
)
async def test_what_a_key_is_granted(
    records: Records, dialect: KeyDialect, asked: tuple[str, ...], granted: set[str]
) -> None:
    assert (await records.keys.create("k", dialect, scopes=asked)).credential.scopes == granted


async def test_scopes_that_make_no_sense_are_refused(records: Records) -> None:
    with pytest.raises(Invalid):
        await records.keys.create("k", "native", scopes=["root"])
    with pytest.raises(Conflict):
        await records.keys.create("k", "wolkvox", scopes=["read"])


# ---- Names and secrets


async def test_a_name_is_taken_once_per_dialect(records: Records) -> None:
    await records.keys.create("crm", "native")
    await records.keys.create("crm", "cim")
    with pytest.raises(Conflict, match="A key of this name exists"):
        await records.keys.create("crm", "native")


async def test_a_secret_is_in_use_once_per_dialect_over_all_tenants(records: Records, other: Records) -> None:
    secret = f"shared-{records.tenant.slug}"
    await records.keys.create("crm", "native", secret=secret)
    await other.keys.create("crm", "wolkvox", secret=secret)
    for holder in (records, other):
        with pytest.raises(Conflict, match="in use by another key"):
            await holder.keys.create("again", "native", secret=secret)


async def test_a_key_is_for_its_dialect_alone(core: Core, records: Records) -> None:
    made = await records.keys.create("crm", "wolkvox")
    assert (await core.authenticate("wolkvox", made.secret)).tenant == records.tenant
    for dialect in ("native", "jtel", "mindful", ""):
        with pytest.raises(Unauthenticated):
            await core.authenticate(dialect, made.secret)


async def test_no_listing_and_no_journal_tells_a_secret(core: Core, records: Records) -> None:
    secret = "correct-horse-battery-staple"
    made = await records.keys.create("crm", "native", secret=secret)
    assert secret not in repr(await records.keys.all())
    assert all(secret not in repr(change) for change in await history(records, "key"))
    await records.keys.revoke(made.credential.id)


# ---- Their end


async def test_a_revoked_key_ends_and_its_name_is_free(core: Core, records: Records) -> None:
    made = await records.keys.create("crm", "native")
    assert await core.authenticate("native", made.secret)
    await records.keys.revoke(made.credential.id)
    with pytest.raises(Unauthenticated):
        await elsewhere(core).authenticate("native", made.secret)
    with pytest.raises(Missing):
        await records.keys.revoke(made.credential.id)
    assert [key.name for key in await records.keys.all() if key.dialect == "native"] == ["tests"]
    await records.keys.create("crm", "native")


async def test_the_owner_may_set_a_revoked_secret_again_and_nobody_else(
    core: Core, records: Records, other: Records
) -> None:
    secret = f"again-{records.tenant.slug}"
    made = await records.keys.create("crm", "native", secret=secret)
    await records.keys.revoke(made.credential.id)
    with pytest.raises(Conflict):
        await other.keys.create("crm", "native", secret=secret)
    await records.keys.create("crm", "native", secret=secret)
    assert (await elsewhere(core).authenticate("native", secret)).tenant == records.tenant


async def test_a_key_expires_by_its_tenants_clock(core: Core, records: Records) -> None:
    made = await records.keys.create("crm", "native", expires_at=datetime.now(UTC) + timedelta(hours=1))
    assert await elsewhere(core).authenticate("native", made.secret)
    await move_clock(core, records, timedelta(hours=1))
    with pytest.raises(Unauthenticated):
        await elsewhere(core).authenticate("native", made.secret)


async def test_an_expired_keys_name_and_secret_are_free_again(core: Core, records: Records) -> None:
    await records.keys.create("crm", "native", secret="of-an-hour", expires_at=datetime.now(UTC) + timedelta(hours=1))
    await move_clock(core, records, timedelta(hours=1))
    for secret in (None, "of-an-hour"):
        made = await records.keys.create("crm", "native", secret=secret)
        assert await elsewhere(core).authenticate("native", made.secret)
        await records.keys.revoke(made.credential.id)


async def test_another_secret_ends_the_old_one_and_keeps_what_the_key_may(core: Core, records: Records) -> None:
    old = await records.keys.create("crm", "native", scopes=["write"], per_second=7)
    assert await records.keys.replace_secret("crm", "native", "another-secret-entirely") is True
    assert await records.keys.replace_secret("crm", "native", "another-secret-entirely") is False
    with pytest.raises(Unauthenticated):
        await elsewhere(core).authenticate("native", old.secret)
    credential = (await elsewhere(core).authenticate("native", "another-secret-entirely")).credential
    assert credential is not None
    assert (credential.scopes, credential.per_second) == (frozenset({"write"}), 7)


async def test_many_that_come_with_one_secret_at_once_are_let_in_together(core: Core, records: Records) -> None:
    made = await records.keys.create("crm", "native")
    worker = elsewhere(core)
    let_in = await asyncio.gather(*(worker.authenticate("native", made.secret) for _ in range(32)))
    assert all(one is let_in[0] for one in let_in)


async def test_a_bad_secret_is_unauthenticated_whatever_it_holds(core: Core) -> None:
    for secret in ("", "nobody's", "\0", "\ud800", "x" * 100_000):
        with pytest.raises(Unauthenticated):
            await core.authenticate("native", secret)


# ---- Templates


async def test_a_templates_token_brings_its_template(core: Core, records: Records) -> None:
    template, token = await records.templates.put("Second", 60, ["A"], None)
    assert token is not None
    holder = await core.authenticate("mindful", token)
    assert holder.template == template
    await holder.datasets.submit(template, number(1), {"A": "1"})
    with pytest.raises(Forbidden):
        await holder.keys.all()


async def test_a_changed_template_is_seen_by_its_token_and_journalled(core: Core, records: Records) -> None:
    template, token = await records.templates.put("Second", 60, ["A"], "token-of-" + records.tenant.slug)
    changed, none = await records.templates.put("Second", 120, ["A", "B"], "another-token")
    assert (changed.id, none) == (template.id, None)
    assert (await elsewhere(core).authenticate("mindful", token or "")).template == changed
    assert len(await history(records, "template", template.id)) == 2


async def test_a_dropped_template_ends_its_token(core: Core, records: Records) -> None:
    template, token = await records.templates.put("Second", 60, ["A"], None)
    await records.templates.drop(template)
    with pytest.raises(Unauthenticated):
        await elsewhere(core).authenticate("mindful", token or "")


# ---- Users


async def stored_user(core: Core, records: Records, login: str) -> dict[str, Any]:
    async with core.database.reading() as tx:
        row = await tx.fetchrow(
            """
            SELECT password_hash, api_secret_hash, digest_realm, digest_ha1
              FROM app_user
             WHERE tenant_id = $1
               AND login = $2
            """,
            records.tenant.id,
            login,
        )
    assert row is not None
    return dict(row)


async def logins(records: Records) -> list[str]:
    return [user.login for user in await records.keys.users()]


async def test_digest_is_kept_for_who_may_manage_lists_alone(
    core: Core, passwords: Passwords, records: Records
) -> None:
    await records.keys.put_user(passwords, "new.hire", "admin", ["manage_lists"], "pass", "secret")
    kept = await stored_user(core, records, "new.hire")
    assert kept["digest_realm"] == records.tenant.slug
    assert len(passwords.opened_ha1(kept["digest_ha1"]) or "") == 32
    assert "pass" not in kept["password_hash"]
    assert kept["api_secret_hash"].startswith("$argon2id$")
    await records.keys.put_user(passwords, "new.hire", "agent", [], None, None)
    without = await stored_user(core, records, "new.hire")
    assert (without["digest_realm"], without["digest_ha1"]) == (None, None)
    assert without["password_hash"] == kept["password_hash"]


async def test_a_user_who_was_shut_out_comes_back_without_the_old_password(
    core: Core, passwords: Passwords, records: Records
) -> None:
    await records.keys.put_user(passwords, "new.hire", "admin", ["manage_lists"], "pass", "secret")
    await records.keys.disable_user("new.hire")
    assert "new.hire" not in await logins(records)
    await records.keys.put_user(passwords, "new.hire", "agent", ["manage_lists"], None, None)
    assert "new.hire" in await logins(records)
    assert set((await stored_user(core, records, "new.hire")).values()) == {None}


async def test_shutting_out_is_journalled_once(passwords: Passwords, records: Records) -> None:
    before = len(await history(records, "user"))
    await records.keys.put_user(passwords, "new.hire", "agent", [], None, None)
    for login in ("new.hire", "new.hire", "nobody"):
        await records.keys.disable_user(login)
    assert len(await history(records, "user")) == before + 2


async def test_a_login_is_the_tenants_own(passwords: Passwords, records: Records, other: Records) -> None:
    for tenant in (records, other):
        await tenant.keys.put_user(passwords, "new.hire", "agent", [], None, None)
    await other.keys.disable_user("new.hire")
    assert "new.hire" in await logins(records)
    assert "new.hire" not in await logins(other)
