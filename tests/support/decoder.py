"""A decoder that does what it is told: `python -m tests.support.decoder HEX`."""

import ctypes
import os
import sys
import time
from pathlib import Path

from fedi.services.confinement import confine

if __name__ == "__main__":
    confine(cpu_seconds=1, memory_bytes=512 * 1024 * 1024, file_bytes=0)
    match bytes.fromhex(sys.argv[1]):
        case b"crash":
            ctypes.string_at(0)
        case b"spin":
            while True:
                pass
        case b"hang":
            time.sleep(60)
        case b"eat":
            held = bytearray(2 * 1024 * 1024 * 1024)
            sys.stdout.write(str(len(held)))
        case b"write":
            Path(sys.stdin.buffer.read().decode()).write_bytes(b"x")
            sys.stdout.write("written")
        case b"secrets":
            sys.stdout.write(" ".join(os.environ))
        case _:
            sys.stdout.buffer.write(sys.stdin.buffer.read()[::-1])
