"""The server: client API, pages, worker and the objects that live as long as the process."""

__version__ = "0.1.0"
