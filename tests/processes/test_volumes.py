"""No room is left for files: pictures are refused, words are not, and no half of a file is left."""

from pathlib import Path

import pytest

from bench import fault_volumes
from tests.support import volumes
from tests.support.processes import Start

pytestmark = pytest.mark.anyio


async def test_a_full_disk_takes_words_and_no_half_files(start_process: Start, tmp_path: Path) -> None:
    if not volumes.possible(tmp_path):
        pytest.skip("only root can make small disks")
    node = await start_process("localhost")
    alice, directory = await node.person("alice"), Path(node.app.settings.media_dir)
    with volumes.volume(directory, megabytes=1):
        uploads, words = await fault_volumes.fill_media(alice, 8)
        assert set(uploads) == {200, 507}
        assert set(words) == {200}
        kept = await fault_volumes.whole_files(node, directory)
        volumes.grow(directory, megabytes=4)
        assert (await fault_volumes.fill_media(alice, 1))[0] == {200: 1}
        assert await fault_volumes.whole_files(node, directory) > kept
