"""Subscriptions of streaming clients."""

from fedi.context import App


class Hub:
    def __init__(self, app: App) -> None:
        self._app = app

    async def close(self) -> None:
        """End every connection."""
