"""What the driver's errors mean to a caller."""

from __future__ import annotations

import asyncpg

from ringbook.domain.problems import Busy, Conflict, Entangled, Invalid, Missing, Problem, Unavailable

# Constraints whose violation is the caller's mistake, and what to tell them.
_CONFLICTS = {
    "tenant_slug_key": "Another tenant has this slug.",
    "tenant_jtel_clients_id_key": "Another tenant has this ClientsID.",
    "tenant_cim": "Another tenant answers CIM's root paths.",
    "credential_pkey": "This secret is in use by another key.",
    "credential_name": "A key of this name exists.",
    "app_user_tenant_id_login_key": "A user of this login exists.",
    "attribute_tenant_id_key_key": "An attribute of this key exists.",
    "calling_list_tenant_id_name_key": "A list of this name exists.",
    "campaign_pkey": "A campaign of this id exists.",
    "campaign_tenant_id_name_key": "A campaign of this name exists.",
    "list_record_unique": "A record with this key exists.",
    "dnc_list_tenant_id_name_key": "A do-not-call list of this name exists.",
    "template_tenant_id_name_key": "A template of this name exists.",
}


def as_problem(error: BaseException) -> Problem | None:
    """The Problem that a driver's error means to a caller; None when the error is a bug of ours."""
    if isinstance(error, asyncpg.UniqueViolationError):
        return Conflict(_CONFLICTS.get(error.constraint_name or "", "This record exists."))
    if isinstance(error, asyncpg.ForeignKeyViolationError):
        return Missing()  # what it refers to was there when it was found, and went before this was written
    unfit = isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError)  # so the driver found it
    if unfit or isinstance(error, asyncpg.DataError | asyncpg.ProgramLimitExceededError | UnicodeEncodeError):
        return Invalid("A value cannot be stored.")
    if isinstance(error, asyncpg.DeadlockDetectedError):
        return Entangled()
    if isinstance(error, asyncpg.LockNotAvailableError):
        return Busy()  # the database answers, and another transaction is in the way
    return Unavailable() if isinstance(error, _AWAY) else None


_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,  # starting, stopping, crashed, a statement that took too long
    asyncpg.InsufficientResourcesError,  # connections, memory, disk
    asyncpg.ReadOnlySQLTransactionError,  # a standby, during a failover
)
