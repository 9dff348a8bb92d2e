"""Starts the processes that decode what people upload. A crash, a loop or a leak in a decoder ends there.

Such a process gets an order as its argument and the file as its standard input, and answers on its standard output. It
has none of our secrets, and limits of its own on time and memory.
"""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import BinaryIO
from weakref import WeakKeyDictionary

_ROOT = Path(__file__).parents[2]

Slots = WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]


def slot(slots: Slots, most: int) -> asyncio.Semaphore:
    """Of this process: so many at once."""
    return slots.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(most))


async def run(module: str, order: bytes, source: bytes | BinaryIO, *, seconds: float) -> bytes:
    """What the process wrote; nothing when it did not end well or in time. A file is read from its beginning, and has
    to be a real one."""
    # The environment is left behind: it may hold passwords. What remains is what Python needs to start.
    environment = {"PYTHONPATH": str(_ROOT), "PATH": os.defpath}
    if not isinstance(source, bytes):
        number = source.fileno()  # what was still in memory is a file from here on
        source.flush()
        os.lseek(number, 0, os.SEEK_SET)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-X", "utf8", "-m", module, order.hex(),
        stdin=PIPE if isinstance(source, bytes) else source, stdout=PIPE, stderr=DEVNULL, env=environment, cwd="/",
    )  # fmt: skip
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate(source if isinstance(source, bytes) else None)
    except TimeoutError:
        return b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return output if process.returncode == 0 else b""
