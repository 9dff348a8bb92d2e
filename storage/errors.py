"""What storage may raise. Driver exceptions do not leave this package."""

import asyncpg


class StorageError(Exception):
    """Root of this tree; the message is for people."""


class Missing(StorageError):
    """The row that was to be changed does not exist, or not for this owner."""


class Conflict(StorageError):
    """A rule of the schema forbids the change: a name is taken, a limit is reached."""


# The driver's own, under our names, for the one place that turns exceptions into answers.
OutOfRange = asyncpg.DataError
DatabaseDown = asyncpg.PostgresConnectionError
DriverError = asyncpg.PostgresError
DriverMisuse = asyncpg.InterfaceError
