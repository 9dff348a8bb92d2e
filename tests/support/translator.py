"""A translation service with LibreTranslate's API that shouts: on the in-memory network, for tests."""

import re
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from tests.support.network import Network

LANGUAGES = [
    {"code": "en", "name": "English", "targets": ["de", "fr", "zh-Hans"]},
    {"code": "de", "name": "German", "targets": ["en"]},
    {"code": "fr", "name": "French", "targets": ["en"]},
    {"code": "zh-Hans", "name": "Chinese", "targets": ["en"]},
]


class Translator:
    """`asked`: what was to be translated. `answer` replaces the usual one."""

    def __init__(self, network: Network, host: str = "translate.test") -> None:
        self.asked: list[dict[str, Any]] = []
        self.answer: Response | None = None
        network.apps[host] = self._app

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response: Response = JSONResponse(LANGUAGES)
        if request.url.path == "/translate":
            asked = orjson.loads(await request.body())
            self.asked.append(asked)
            texts = [re.sub(r"(<[^<>]*>|&\w+;|:\w+:)|([^<>&:]+)", _shouted, text) for text in asked["q"]]
            found = [{"language": "en", "confidence": 90}] * len(texts)
            response = self.answer or JSONResponse({"translatedText": texts, "detectedLanguage": found})
        await response(scope, receive, send)


def _shouted(match: re.Match[str]) -> str:
    return match[1] or match[2].upper()
