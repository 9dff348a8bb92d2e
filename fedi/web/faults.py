"""What is wrong with a form of `services/signup`, in sentences of the reader's language."""

from collections.abc import Sequence

from fedi import i18n
from fedi.auth import names
from fedi.services import signup

_ = i18n.gettext


def of(faults: Sequence[signup.Fault]) -> dict[str, str]:
    """What is wrong, by field."""
    return {fault.field: sentence(fault) for fault in faults}


def sentence(fault: signup.Fault) -> str:
    match fault.field, fault.error:
        case "username", "ERR_TAKEN":
            return _("Somebody has this name already, or one that looks like it.")
        case "username", "ERR_RESERVED":
            return _("This name is reserved.")
        case "username", "ERR_TOO_LONG":
            return _("Names have at most %s characters.") % names.MAX_CHARACTERS
        case "username", _rest:
            return _("Names have only letters, numbers and underscores.")
        case "email", "ERR_TAKEN":
            return _("There is an account with this address already.")
        case "email", "ERR_BLOCKED":
            return _("Addresses of this provider are not accepted here.")
        case "email", _rest:
            return _("This is not an e-mail address.")
        case "password", "ERR_TOO_LONG":
            return _("This is too long.")
        case "password", _rest:
            return _("This is too short.")
        case "old_password", _rest:
            return _("This is not your password.")
        case "reason", _rest:
            return _("This is too long.")
    return _(fault.description)
