"""kill -9 while a video is converted: it is converted all the same."""

import pytest

from storage import media
from tests.support import clips
from tests.support.processes import ProcessNode, Start, eventually

pytestmark = pytest.mark.anyio


async def test_a_video_is_ready_though_the_server_was_killed(start_process: Start) -> None:
    node = await start_process("localhost")
    alice = await node.person("alice")
    # A few seconds of work.
    data = clips.film("matroska", "mpeg4", None, size=(640, 480), frames=200)
    response = await alice.call("POST", "/api/v2/media", files={"file": ("film.mkv", data)})
    assert response.status_code == 202
    await eventually(lambda: _under_way(node), seconds=30)
    node.program.kill()
    await node.start()
    path = f"/api/v1/media/{response.json()['id']}"

    async def done() -> bool:
        return (await alice.call("GET", path)).status_code == 200

    await eventually(done, seconds=60)
    served = await node.client.get((await alice.get(path))["url"])
    assert clips.tracks(served.content) == ["h264"]
    await node.settled()


async def _under_way(node: ProcessNode) -> bool:
    async with node.db.read() as conn:
        name = media.CONVERT_JOB
        left = await conn.fetchrow("select count(*), count(holder) from jobs where name = $1", name)
    return left is not None and (left[0] == 0 or left[1] == 1)
