"""What the federation layer raises: three answers to "should this be tried again", and the refusal of a signature."""


class FederationError(Exception):
    """Root of everything raised on purpose here; the message is for the log and for the peer that sent the request."""


class Rejected(FederationError):
    """It will never be right: a malformed document, a lie about its origin, something we refuse by policy. Drop it."""


class Blocked(Rejected):
    """Our own rules keep us from it; they may change."""


class Spent(Rejected):
    """Too much would have to be fetched for this."""


class Retry(FederationError):
    """It may be right later: a host that does not answer, a key that cannot be fetched now. Keep it and try again.

    `after` is the number of seconds the peer asked for (Retry-After), None when it said nothing.
    """

    def __init__(self, message: str, *, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class Crowded(Retry):
    """Nothing is wrong with it but that there were too many of its kind lately."""


class Gone(FederationError):
    """The origin says that it no longer exists (410, Tombstone): delete what we hold of it."""


class SignatureError(Rejected):
    """A signature that is malformed (status 400) or does not prove what it should (status 401)."""

    def __init__(self, message: str, *, status: int = 401) -> None:
        super().__init__(message)
        self.status = status
