"""What a process that decodes uploads does to itself first: little memory, little time, and it is the first to go."""

import contextlib
import resource
from pathlib import Path

_SCORE = Path("/proc/self/oom_score_adj")


def confine(*, cpu_seconds: int, memory_bytes: int, file_bytes: int) -> None:
    """`file_bytes`: the largest file it may write, 0 for none."""
    limits = [
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CORE, 0),
    ]
    # When the machine's memory runs out, this process goes and not the server.
    with contextlib.suppress(OSError):
        _SCORE.write_text("900")
    for limit, value in limits:
        # macOS knows RLIMIT_AS but refuses to set it.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, value))
