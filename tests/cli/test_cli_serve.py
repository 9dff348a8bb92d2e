"""`fedi serve` as a process: what it says, what it refuses, how it stops, and what a crash leaves."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.support.database import temporary_directory
from tests.support.processes import ROOT, free_port

pytestmark = pytest.mark.anyio

START_SECONDS = 30.0


class Process:
    """`fedi …` with its output in files."""

    def __init__(self, directory: Path, *arguments: str, **settings: object) -> None:
        self.port = int(str(settings.get("listen_port") or free_port()))
        self.address = f"http://localhost:{self.port}"
        values = {"data_dir": directory, "listen_port": self.port, "metrics_listen": "off", **settings}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("FEDI_")}
        self.env = inherited | {f"FEDI_{name.upper()}": str(value) for name, value in values.items()}
        self._out, self._err = directory / "stdout", directory / "stderr"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            command = [sys.executable, "-m", "fedi", *arguments]
            self.popen = subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=out, stderr=err)

    @property
    def stdout(self) -> str:
        return self._out.read_text()

    @property
    def stderr(self) -> str:
        return self._err.read_text()

    async def up(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        async with httpx.AsyncClient() as client:
            while time.monotonic() < deadline:
                assert self.popen.poll() is None, self.stdout + self.stderr
                with contextlib.suppress(httpx.TransportError):
                    if (await client.get(f"http://127.0.0.1:{self.port}/health")).text == "OK":
                        return
                await asyncio.sleep(0.05)
        raise AssertionError(f"it did not start: {self.stdout}{self.stderr}")

    async def ended(self) -> int:
        return await asyncio.to_thread(self.popen.wait, 20)

    def run(self, *arguments: str) -> str:
        """Another command with the same settings; its output."""
        command = [sys.executable, "-m", "fedi", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def close(self) -> None:
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()


@pytest.fixture
def data_dir() -> Iterator[Path]:
    path = temporary_directory()
    yield path
    shutil.rmtree(path, ignore_errors=True)


async def test_it_says_where_it_is_and_stops_in_order_with_streams_open(database_url: str, data_dir: Path) -> None:
    server = Process(data_dir, "serve", database_url=database_url)
    with contextlib.closing(server):
        await server.up()
        token = json.loads(server.run("account", "create", "alice", "--token", "--json"))["token"]
        stream = f"ws://127.0.0.1:{server.port}/api/v1/streaming?stream=user&access_token={token}"
        async with httpx.AsyncClient(timeout=20) as client, connect(stream, proxy=None) as socket:
            headers = {"Authorization": f"Bearer {token}"}
            events = f"http://127.0.0.1:{server.port}/api/v1/streaming/user"
            async with client.stream("GET", events, headers=headers) as response:
                assert response.status_code == 200
                assert "x-request-id" in response.headers
                assert "server" not in response.headers
                asked = time.monotonic()
                server.popen.send_signal(signal.SIGTERM)
                async for _line in response.aiter_lines():
                    pass
            with contextlib.suppress(ConnectionClosed):
                while True:
                    await socket.recv()
            assert socket.close_code == 1001
        assert await server.ended() == 0
        assert time.monotonic() - asked < 10
    assert server.address in server.stdout
    assert re.search(rf"{server.address}/auth/sign_up\?owner=\S+", server.stdout)
    assert str(data_dir) in server.stdout
    assert server.stdout.endswith("Stopped.\n")
    assert "error" not in server.stderr.lower()


async def test_a_port_in_use_is_one_line(database_url: str, data_dir: Path) -> None:
    # No database is needed to find out: this one does not exist.
    listener = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        second = Process(data_dir, "serve", database_url="postgresql://127.0.0.1:1/none", listen_port=port)
        with contextlib.closing(second):
            assert await second.ended() == 1
    assert second.stderr.startswith(
        f"Error: FEDI_LISTEN_PORT: cannot listen on 127.0.0.1:{port}: address already in use"
    )
    assert second.stderr.count("\n") == 1


async def test_in_production_it_logs_json_and_no_owner_link(database_url: str, data_dir: Path) -> None:
    server = Process(data_dir, "serve", database_url=database_url, base_url="https://social.example.test")
    with contextlib.closing(server):
        await server.up()
        server.popen.send_signal(signal.SIGINT)
        assert await server.ended() == 0
    lines = [json.loads(line) for line in server.stderr.splitlines()]
    assert {"ready", "request", "stopping"} <= {line["message"] for line in lines}
    request = next(line for line in lines if line["message"] == "request")
    assert (request["route"], request["status"], request["queries"]) == ("/health", 200, 1)
    assert "owner=" not in server.stdout + server.stderr


async def test_web_and_worker_in_two_processes(database_url: str, data_dir: Path, tmp_path: Path) -> None:
    web = Process(data_dir, "web", database_url=database_url)
    metrics_port = free_port()
    worker = Process(
        tmp_path, "worker", database_url=database_url, base_url=web.address, metrics_listen=f"127.0.0.1:{metrics_port}"
    )
    with contextlib.closing(web), contextlib.closing(worker):
        await web.up()
        token = json.loads(web.run("account", "create", "alice", "--token", "--json"))["token"]
        stream = f"ws://127.0.0.1:{web.port}/api/v1/streaming?stream=user&access_token={token}"
        async with connect(stream, proxy=None) as socket, httpx.AsyncClient() as client:
            url, headers = f"http://127.0.0.1:{web.port}/api/v1/statuses", {"Authorization": f"Bearer {token}"}
            assert (await client.post(url, headers=headers, json={"status": "hello"})).status_code == 200
            message = json.loads(await asyncio.wait_for(socket.recv(), START_SECONDS))
            assert message["event"] == "update"
            metrics = await client.get(f"http://127.0.0.1:{metrics_port}/metrics")
            assert 'fedi_job_seconds_count{name="StatusCreated",outcome="ok"} 1.0' in metrics.text
        for process in (web, worker):
            process.popen.terminate()
        assert (await web.ended(), await worker.ended()) == (0, 0)


async def test_the_embedded_database_survives_kill_9_and_leaves_nothing_running(data_dir: Path) -> None:
    first = Process(data_dir, "serve")
    with contextlib.closing(first):
        await first.up()
        first.run("account", "create", "alice")
        first.popen.kill()
        first.popen.wait()
    second = Process(data_dir, "serve", listen_port=first.port)
    with contextlib.closing(second):
        await second.up()
        assert [one["username"] for one in json.loads(second.run("account", "list", "--json"))] == ["alice"]
        found = json.loads(second.run("check", "--json"))
        assert {finding["name"]: finding["state"] for finding in found["findings"]} == dict.fromkeys(
            "database schema clock identity media address webfinger sending queue parked hosts".split(), "ok"
        )
        second.popen.terminate()
        assert await second.ended() == 0
    assert not (data_dir / "postgres" / "postmaster.pid").exists()
    # Without a server a command starts the database for itself, and stops it.
    assert "alice" in second.run("account", "list")
    assert not (data_dir / "postgres" / "postmaster.pid").exists()


async def test_a_database_does_not_move_to_another_address(database_url: str, data_dir: Path) -> None:
    first = Process(data_dir, "account", "list", database_url=database_url)
    assert await first.ended() == 0
    second = Process(data_dir, "serve", database_url=database_url)
    with contextlib.closing(second):
        assert await second.ended() == 1
    lived = f"FEDI_BASE_URL: the accounts in this database live at {first.address} and cannot move to {second.address}"
    assert second.stderr.splitlines()[-1].startswith(f"Error: {lived}")
