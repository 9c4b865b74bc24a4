"""``tickfire reload`` and ``tickfire drain``, with the server that they act on."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from tests.support.cli import TICKFIRE
from tests.support.eventually import eventually
from tests.support.http import http_client
from tests.support.logged import logged
from tests.support.phoenix_client import PhoenixClient
from tests.support.publisher import Publisher, trades
from tests.support.valkey import Valkey
from tickfire.base.errors import UserError
from tickfire.base.ports import free_port
from tickfire.server.control.path import control_path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
START_S = 90.0


async def command(*arguments: str) -> tuple[int, str, str]:
    """Run a command; return its exit code, its output and its errors."""
    process = await asyncio.create_subprocess_exec(
        *TICKFIRE, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


async def test_bad_code_changes_nothing_good_code_takes_over_and_a_drain_ends_the_server(
    publisher: Publisher, valkey: Valkey, tmp_path: Path
) -> None:
    port, control = free_port(), tmp_path / "control.sock"
    gate = tmp_path / "gate.py"
    gate.write_text("def admit(params, info):\n    return True\n")
    options = ("--port", str(port), "--authenticator", "gate:admit", "--control", str(control))
    env = {"REDIS_URL": valkey.url, "PYTHONPATH": str(tmp_path)}
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(tmp_path / "notify"))
    env |= {"NOTIFY_SOCKET": str(tmp_path / "notify")}
    async with logged("serve", *options, **env) as server:
        await server.said("listening on", 1, START_S)
        assert control.stat().st_mode & 0o077 == 0
        client = await PhoenixClient.open(port)
        joined = await client.join("market:realtime")

        gate.write_text("def admit(params, info) return True\n")
        code, _, errors = await command("reload", "--control", str(control))
        assert code == 1
        assert "the workers are not replaced: a worker cannot start: SyntaxError" in errors
        assert "Traceback" not in errors
        publisher.publish(trades(5))
        assert len(await joined.count("tick", 5)) == 5

        gate.write_text("def admit(params, info):\n    return 'v' in params['vsn'] or True\n")
        code, output, errors = await command("reload", "--control", str(control))
        assert (code, errors) == (0, "")
        assert "closing 1 connection" in output
        assert "the workers are replaced" in output
        await client.reading
        assert client.close_code == 1012
        after = await (await PhoenixClient.open(port)).join("market:realtime")
        publisher.publish(trades(3))
        assert len(await after.count("tick", 3)) == 3

        draining = asyncio.create_task(command("drain", "--control", str(control), "--delay", "5"))

        async def is_leaving() -> bool:
            async with http_client() as http:
                answer = await http.get(f"http://127.0.0.1:{port}/readyz")
            return answer.status_code == 503 and "about to stop" in answer.text

        await eventually(is_leaving, "/readyz answers 503")
        code, output, errors = await draining
        assert (code, errors) == (0, "")
        assert await server.process.wait() == 0
        assert not control.exists()
    with manager:
        manager.settimeout(0)
        said = [manager.recv(100).decode().partition("\n")[0] for _ in range(6)]
    assert said == ["READY=1", *("RELOADING=1", "READY=1") * 2, "STOPPING=1"]
    code, _, errors = await command("reload", "--control", str(control))
    assert code == 1
    assert "no server takes commands" in errors


def test_the_control_socket_is_in_a_folder_of_this_user_alone(tmp_path: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(tmp_path)}
    path = control_path(4000, environ)
    assert path == tmp_path / "tickfire/serve-4000.sock"
    path.parent.chmod(0o755)
    with pytest.raises(UserError, match="belongs to you alone"):
        control_path(4000, environ)
