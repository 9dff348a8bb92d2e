"""The bot of docs/clients.md, word for word, against a running server."""

import asyncio
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import NewPerson
from tests.support.processes import ProcessNode

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
SECONDS = 20


async def test_it_answers_who_mentions_it(shared: ProcessNode, new_person: NewPerson, tmp_path: Path) -> None:
    parrot, alice = await new_person("parrot"), await new_person("alice")
    found = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "clients.md").read_text(), re.DOTALL)
    assert found
    script = tmp_path / "bot.py"
    script.write_text(found[1])
    environment = {**os.environ, "SERVER": shared.base_url, "TOKEN": parrot.token, "PYTHONWARNINGS": "ignore"}
    log = tmp_path / "log"
    with log.open("wb") as output:
        bot = await asyncio.create_subprocess_exec(sys.executable, str(script), env=environment, stderr=output)
    try:
        async with asyncio.timeout(SECONDS):
            answers: list[Any] = []
            while not answers:
                assert bot.returncode is None, log.read_text()
                # Said again and again, for it hears only what is said once it listens.
                post = await alice.posts(f"@{parrot.username} are you there?")
                await asyncio.sleep(0.5)
                answers = (await alice.get(f"/api/v1/statuses/{post['id']}/context"))["descendants"]
        (answer,) = answers
        assert answer["account"]["username"] == parrot.username
        assert answer["in_reply_to_id"] == post["id"]
        assert "I heard you!" in answer["content"]
    finally:
        if bot.returncode is None:
            bot.kill()
        await bot.wait()
