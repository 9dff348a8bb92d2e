"""Context: the thread above and below a status."""

from msgspec import Struct

from fedi.entities.status import Status


class Context(Struct, frozen=True):
    """Ancestors from the oldest, descendants depth first."""

    ancestors: list[Status]
    descendants: list[Status]
