"""What an outgoing request may raise: one tree, drawn here so that callers can choose how much to tell apart.

    HTTPError
      Refused        our policy says no; trying again changes nothing
        BadUrl       not a URL that we use
      Unreachable    name, connection or time; trying again later may help
      TooLarge       the answer exceeds the caller's limit
      BadResponse    the answer is not HTTP, or not decodable
    InsideTransaction  a mistake of ours, therefore outside the tree

An answer with an error status is an answer, not an exception.
"""


class HTTPError(Exception):
    """An outgoing request has no usable answer."""


class Refused(HTTPError):
    """The address, scheme or redirect is not allowed."""


class BadUrl(Refused):
    """Not a URL that we compare, store or fetch."""


class Unreachable(HTTPError):
    """The name does not resolve, nobody answers, or the answer takes too long."""


class TooLarge(HTTPError):
    """The answer is larger than the caller wants to read."""


class BadResponse(HTTPError):
    """The answer breaks HTTP or its content encoding."""


class InsideTransaction(RuntimeError):
    """A request was attempted while a database transaction is open."""
