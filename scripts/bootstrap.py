"""Makes the virtual environment .venv with the locked dependencies; does nothing if it is there and up to date.

Usage: python3 scripts/bootstrap.py run|dev

Standard library only, and written so that an old Python gets as far as saying what is missing.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)
NEWER_PYTHONS = ["python3.12", "python3.13", "python3.14", "python3.11"]


def main() -> None:
    if len(sys.argv) != 2 or sys.argv[1] not in ("run", "dev"):
        sys.exit(__doc__)
    find_python()
    wanted = sys.argv[1]
    if is_current(wanted) or (wanted == "run" and is_current("dev")):
        return
    if not is_usable():
        make_environment()
    install(wanted)
    link_ourselves()
    stamp(wanted).write_text(fingerprint(wanted))


def find_python() -> None:
    """Goes on in a newer Python if this one is too old and there is one."""
    if sys.version_info >= OLDEST:
        return
    for name in NEWER_PYTHONS:
        path = shutil.which(name)
        if path:
            os.execv(path, [path, *sys.argv])
    sys.exit(
        "Fedi needs Python 3.11 or newer; this is {}.{} ({}).\n"
        "  Debian, Ubuntu: sudo apt install python3.12 python3.12-venv\n"
        "  Fedora:         sudo dnf install python3.12\n"
        "  macOS:          brew install python@3.12\n"
        "Then try again, naming it if need be: make PYTHON=python3.12 run".format(*sys.version_info[:2], sys.executable)
    )


def make_environment() -> None:
    try:
        import ensurepip  # noqa: F401, PLC0415 (Debian packs it apart, with venv)
        import venv  # noqa: F401, PLC0415
    except ImportError:
        sys.exit(
            "Python's venv module is missing. Install it and try again:\n"
            "  Debian, Ubuntu: sudo apt install python{}.{}-venv".format(*sys.version_info[:2])
        )
    say("Making the virtual environment in .venv …")
    run([sys.executable, "-m", "venv", "--clear", str(VENV)], "Cannot make the virtual environment:")


def install(wanted: str) -> None:
    say("Installing the locked dependencies; this happens once and takes about a minute …")
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    run([*command, "-r", str(lock(wanted))], "Cannot install the dependencies:")


def link_ourselves() -> None:
    """Makes `import fedi` and .venv/bin/fedi work from anywhere, without building a package."""
    script = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.check_output([str(PYTHON), "-c", script], text=True).strip()
    (Path(packages) / "fedi.pth").write_text(f"{ROOT}\n", encoding="utf-8")
    command = VENV / "bin" / "fedi"
    command.write_text(f"#!{PYTHON}\nimport sys\n\nfrom fedi.cli import main\n\nsys.exit(main())\n", encoding="utf-8")
    command.chmod(0o755)


def is_usable() -> bool:
    """A copied or moved environment, or one of a Python that is gone, is made anew."""
    if not PYTHON.exists():
        return False
    script = "import pip, sys; print(sys.prefix, *sys.version_info[:2])"
    asked = subprocess.run([str(PYTHON), "-c", script], capture_output=True, text=True, check=False)
    expected = "{} {} {}".format(VENV, *sys.version_info[:2])
    return asked.returncode == 0 and asked.stdout.strip() == expected


def is_current(wanted: str) -> bool:
    path = stamp(wanted)
    return PYTHON.exists() and path.exists() and path.read_text() == fingerprint(wanted)


def fingerprint(wanted: str) -> str:
    return f"{hashlib.sha256(lock(wanted).read_bytes()).hexdigest()} {VENV} {sys.version}"


def stamp(wanted: str) -> Path:
    return VENV / f"installed-{wanted}"


def lock(wanted: str) -> Path:
    return ROOT / "requirements" / f"{wanted}.txt"


def run(command: list, complaint: str) -> None:  # type: ignore[type-arg] # `list[str]` fails on Python 3.8
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{complaint}\n{done.stdout.strip()}")


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
