"""What every part of the running app is given: settings and the long-lived objects, built once in `fedi/app.py`."""

from typing import Any

import jinja2
import msgspec

from federation.context import Fed
from fedi.config import Settings
from storage.blobs import Blobs
from storage.bus import Bus
from storage.db import Database


class App(msgspec.Struct, frozen=True):
    """The composition root's product."""

    settings: Settings
    db: Database
    bus: Bus
    blobs: Blobs
    fed: Fed
    templates: jinja2.Environment
    memory: dict[str, Any]  # per-process caches, named by their module. Any: each knows its own
