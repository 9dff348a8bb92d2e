"""What an endpoint may raise. `http/router.py` alone turns these into answers: `{"error": message}` and a status.

The message is for the person using a client. The cause is chained and stays in the log.
"""

from collections.abc import Mapping
from typing import Any


class Problem(Exception):
    """Root of the tree: a status, a message, and perhaps more keys or headers."""

    status = 500

    def __init__(
        self,
        message: str,
        *,
        extra: Mapping[str, Any] | None = None,  # Any: JSON
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})


class BadRequest(Problem):
    status = 400


class Unauthorized(Problem):
    """Only for a token that is absent where one is needed, or no good: clients log their user out on it."""

    status = 401

    def __init__(self, message: str = "The access token is invalid") -> None:
        challenge = f'Bearer realm="Fedi", error="invalid_token", error_description="{message}"'
        super().__init__(message, headers={"WWW-Authenticate": challenge})


class Forbidden(Problem):
    status = 403

    def __init__(self, message: str = "This action is not allowed") -> None:
        super().__init__(message)


class NotFound(Problem):
    """Also for what exists but may not be seen by this viewer: the two must not differ."""

    status = 404

    def __init__(self, message: str = "Record not found") -> None:
        super().__init__(message)


class MethodNotAllowed(Problem):
    status = 405


class Conflicting(Problem):
    status = 409


class Gone(Problem):
    status = 410


class TooLarge(Problem):
    status = 413


class Unprocessable(Problem):
    status = 422


class Invalid(Unprocessable):
    """`Validation failed: …`, as Rails says it."""

    def __init__(self, message: str, *, extra: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"Validation failed: {message}", extra=extra)


class TooMany(Problem):
    status = 429

    def __init__(self, message: str = "Too many requests", *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message, headers=headers)


class Unavailable(Problem):
    status = 503


class NoRoom(Problem):
    status = 507
