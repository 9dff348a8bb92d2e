"""The in-memory network behind the real judgement of addresses: names resolve to what a test says, every answer is
judged as on the Internet, and only what passed is handed on."""

from collections.abc import Sequence

import httpx

from federation.http.transport import Answer, Call, SocketTransport
from tests.support.network import Network

SOMEWHERE = ("93.184.215.14",)


class Resolved(SocketTransport):
    """`addresses` are what names resolve to, one list for each time they are asked for, the last for ever; a public
    address for any other. `inner` are the names that nothing may ever be sent to."""

    def __init__(self, network: Network) -> None:
        super().__init__(resolve=self._look_up)
        self.network = network
        self.addresses: dict[str, list[Sequence[str]]] = {}
        self.judged: list[str] = []

    async def _look_up(self, host: str, port: int) -> Sequence[str]:
        self.judged.append(host)
        answers = self.addresses.get(host, [SOMEWHERE])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    async def exchange(self, call: Call) -> Answer:
        await self._judged_addresses(call.url.host, call.url.port, trusted=call.trusted)
        request = httpx.Request(
            call.method, call.url.full, headers=[("Host", call.url.authority), *call.headers], content=call.body
        )
        response = await self.network.handle_async_request(request)
        body = await response.aread()
        headers = [(name.lower(), value) for name, value in response.headers.raw]
        return Answer(response.status_code, headers, body, False)
