"""Becomes the embedded Postgres: a script of its own (standard library only), run by `embedded` as a child process.

Usage: postmaster.py PARENT_PID USER_ID GROUP_ID DIRECTORY COMMAND...

It takes the given user, arranges that Postgres stops when the parent dies, and becomes COMMAND, in which {data} stands
for DIRECTORY. An interpreter in between costs 30 ms and spares us code between fork and exec in a threaded process.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.5


def main() -> None:
    parent, user, group = (int(argument) for argument in sys.argv[1:4])
    directory, *command = sys.argv[4:]
    # SIGINT is Postgres's "fast shutdown"; an ignored one would be inherited.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    if user != os.geteuid():
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    if not os.access(directory, os.R_OK | os.X_OK) and sys.platform == "linux":
        # A parent directory is closed to that user, as /root is. The open handle stays a way in.
        os.set_inheritable(handle, True)
        directory = f"/proc/self/fd/{handle}"
    command = [part.replace("{data}", directory) for part in command]
    os.umask(0o077)
    if sys.platform != "linux":
        sys.exit(_watch(parent, command))
    # After the change of user, which would clear it.
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGINT)
    if os.getppid() == parent:
        os.execv(command[0], command)  # noqa: S606


def _watch(parent: int, command: list[str]) -> int:
    """For systems without a parent-death signal: stays between the two and looks whether the parent is there."""
    with subprocess.Popen(command) as child:  # noqa: S603
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
            signal.signal(number, lambda received, _frame: child.send_signal(received))
        while child.poll() is None:
            if os.getppid() != parent:
                child.send_signal(signal.SIGINT)
                return child.wait()
            time.sleep(POLL_SECONDS)
    return child.returncode


if __name__ == "__main__":
    main()
