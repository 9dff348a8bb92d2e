"""What storage may raise. Driver exceptions do not leave this package."""

import asyncpg


class StorageError(Exception):
    """Root of this tree; the message is for people."""


class Missing(StorageError):
    """The row that was to be changed does not exist, or not for this owner."""


class Conflict(StorageError):
    """A rule of the schema forbids the change: a name is taken, a limit is reached."""


# The driver's own, under our names, for the one place that turns exceptions into answers.
OutOfRange = (asyncpg.DataError, asyncpg.ProgramLimitExceededError)
DatabaseDown = asyncpg.PostgresConnectionError
# It is there, but not now: restarting, full, or a statement, a lock or a deadlock took too long.
DatabaseBusy = (
    asyncpg.OperatorInterventionError,
    asyncpg.LockNotAvailableError,
    asyncpg.TransactionRollbackError,
    asyncpg.InvalidTransactionStateError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
    # What the driver makes of a connection that is being cut: it finds itself in a state that it does not know.
    asyncpg.InternalClientError,
)
# What those meet who ask it for something, now or while they connect (a timeout is an OSError).
Away = (DatabaseDown, *DatabaseBusy, OSError)
# Two waited for each other, and this one was ended: nothing of its transaction was done.
Deadlock = asyncpg.DeadlockDetectedError
# While a statement is under way.
DatabaseEnds = (asyncpg.AdminShutdownError, asyncpg.CrashShutdownError)
ConnectionCut = asyncpg.InternalClientError
# It has no room left; what is there can be read.
DatabaseFull = asyncpg.DiskFullError
DriverError = asyncpg.PostgresError
DriverMisuse = (asyncpg.InterfaceError, asyncpg.InternalClientError)
