"""`fedi secret`: the keys of the accounts, when the server's secret is another one."""

from pathlib import Path

import pytest

from tests.cli.conftest import Fedi
from tests.support.servers import SECRET

pytestmark = pytest.mark.anyio

OTHER, LOST = "Zk8-another-one-that-is-long-enough-91", "Yp5-a-third-one-because-that-was-lost-33"


async def test_keys_go_over_to_another_secret_or_are_made_anew(fedi: Fedi, tmp_path: Path) -> None:
    assert (await fedi("account", "list")).exit_code == 0
    refused = await fedi("account", "list", secret_key=OTHER)
    assert (refused.exit_code, "sealed with another secret" in refused.output) == (1, True)
    old = tmp_path / "old"
    for said, told in (("not that one, though it is long enough", "is not the one"), ("x" * 40, "is not the one")):
        old.write_text(said)
        wrong = await fedi("secret", "reseal", "--old", str(old), secret_key=OTHER)
        assert (wrong.exit_code, told in wrong.output) == (1, True)
    missing = await fedi("secret", "reseal", "--old", str(tmp_path / "nothing"), secret_key=OTHER)
    assert (missing.exit_code, "cannot read" in missing.output) == (1, True)
    old.write_text(f"{SECRET}\n")
    done = await fedi("secret", "reseal", "--old", str(old), secret_key=OTHER)
    assert done.output == "2 keys are sealed with the new secret\n"
    assert (await fedi("account", "list")).exit_code == 1
    assert (await fedi("account", "list", secret_key=OTHER)).exit_code == 0
    asked = await fedi("secret", "replace-keys", secret_key=LOST, stdin="n\n")
    assert asked.exit_code == 1
    replaced = await fedi("secret", "replace-keys", "--yes", secret_key=LOST)
    assert replaced.output == "1 accounts have new keys\n"
    assert (await fedi("account", "list", secret_key=LOST)).exit_code == 0
    log = await fedi("audit", "list", secret_key=LOST)
    assert "secret.reseal" in log.output
    assert "secret.replace_keys" in log.output
