"""Real TLS, WebSockets and a sub-path through the files for nginx and Caddy."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.support.eventually import TIMEOUT_S, eventually
from tests.support.publisher import Publisher, trades
from tests.support.server import Server
from tests.support.tls import Certificates
from tests.support.tools import tool
from tests.support.valkey import Valkey
from tickfire.base.ports import free_ports
from tickfire.server.limits.addresses import Proxies, parse_networks
from tickfire.server.limits.admission import Limits

DEPLOY = Path(__file__).parents[2] / "deploy"
SERVERS = 2


@dataclass
class Proxy:
    """A proxy in front of servers."""

    port: int
    context: ssl.SSLContext

    @property
    def origin(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    async def get(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient(verify=self.context, timeout=TIMEOUT_S) as client:
            return await client.get(self.origin + path)

    async def status(self, path: str) -> int:
        """Return the status of a request whose path is sent as it is."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=self.context)
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode())
        answer = await reader.readline()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return int(answer.split()[1])

    def connect(self, prefix: str, origin: str) -> connect:
        uri = f"wss://127.0.0.1:{self.port}{prefix}/socket/websocket?vsn=2.0.0"
        options: dict[str, Any] = {"origin": origin, "open_timeout": TIMEOUT_S}
        return connect(uri, ssl=self.context, **options)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture
async def servers(valkey: Valkey, tmp_path: Path) -> AsyncIterator[list[Server]]:
    publisher = Publisher(valkey.client)
    publisher.instruments({1: "AAA"})
    publisher.publish(trades(10))
    (tmp_path / "index.html").write_text("<!doctype html><title>tickfire</title>")
    limits = Limits(proxies=Proxies(parse_networks("127.0.0.1")))
    options: dict[str, Any] = {"root_path": "/desk", "limits": limits, "static": tmp_path}
    servers = [Server(valkey.url, **options) for _ in range(SERVERS)]
    await asyncio.gather(*(server.start() for server in servers))
    yield servers
    await asyncio.gather(*(server.stop() for server in servers))


def upstreams(servers: list[Server]) -> list[str]:
    return [f"127.0.0.1:{server.port}" for server in servers]


@contextlib.asynccontextmanager
async def running(*command: str, port: int, **env: str) -> AsyncIterator[None]:
    """Run a proxy until the context ends; wait until it listens."""
    process = await asyncio.create_subprocess_exec(*command, env={**os.environ, **env})

    async def listens() -> bool:
        assert process.returncode is None, f"{command[0]} ended with {process.returncode}"
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    try:
        await eventually(listens, "the proxy listens")
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def nginx_folder(
    folder: Path, servers: list[Server], certificates: Certificates, ports: list[int]
) -> Path:
    """Lay the files out as the docs say, on free ports, with the sub-path beside the root."""
    for name in ("snippets", "tls", "logs"):
        (folder / name).mkdir()
    shutil.copy(DEPLOY / "nginx" / "tickfire-proxy.conf", folder / "snippets")
    lines = (f"server {each} max_fails=1 fail_timeout=2s;\n" for each in upstreams(servers))
    (folder / "snippets" / "tickfire-upstream.conf").write_text("".join(lines))
    shutil.copy(certificates.server, folder / "tls" / "fullchain.pem")
    shutil.copy(certificates.server_key, folder / "tls" / "privkey.pem")
    site = (DEPLOY / "nginx" / "tickfire.conf").read_text()
    for public, port in zip((80, 443), ports, strict=True):
        site = site.replace(f"listen [::]:{public}", f"# listen [::]:{public}")
        site = site.replace(f"listen {public}", f"listen 127.0.0.1:{port}")
    subpath = (DEPLOY / "nginx" / "tickfire-subpath.conf").read_text()
    site = site.replace("    location / {", f"{subpath}\n    location / {{", 1)
    site = site.replace("/var/log/nginx", f"{folder}/logs")
    (folder / "site.conf").write_text(site)
    temporary = "\n".join(
        f"{kind}_temp_path {folder}/logs;"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/logs/error.log; worker_processes 1;\n"
        f"events {{}}\nhttp {{ access_log off; {temporary} include {folder}/site.conf; }}\n"
    )
    return folder / "nginx.conf"


@pytest.fixture
async def nginx(
    tmp_path: Path, servers: list[Server], certificates: Certificates
) -> AsyncIterator[Proxy]:
    program = tool("nginx", "nginx-light")
    plain, port = free_ports(2)
    file = nginx_folder(tmp_path, servers, certificates, [plain, port])
    context = ssl.create_default_context(cafile=certificates.ca)
    command = (program, "-e", "stderr", "-p", str(tmp_path), "-c", str(file))
    async with running(*command, port=port):
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
            answer = await client.get(f"http://127.0.0.1:{plain}/desk/?a=1")
        assert (answer.status_code, answer.headers["location"]) == (
            308,
            "https://127.0.0.1/desk/?a=1",
        )
        yield Proxy(port, context)


async def see_a_market(proxy: Proxy, prefix: str) -> None:
    """Load the page and join a topic, as a browser at the proxy's address does."""
    page = await proxy.get(f"{prefix}/")
    assert page.status_code == 200
    for path in ("/metrics", "/healthz", "/readyz"):
        for disguise in (
            path,
            path + "/",
            "/" + path,
            f"/%{ord(path[1]):x}{path[2:]}",
            f"/.{path}",
        ):
            status = await proxy.status(prefix + disguise)
            assert status != 200, disguise
            assert status == 404 or disguise != path
    for path in ("/openapi.json", "/v1/candles?symbol=AAA&interval=1m"):
        assert (await proxy.get(prefix + path)).status_code == 200, path
    async with proxy.connect(prefix, proxy.origin) as socket:
        await socket.send('["1","1","candles:AAA:1m","phx_join",{}]')
        assert '"status":"ok"' in str(await socket.recv())
    with pytest.raises(InvalidStatus, match="403"):
        await proxy.connect(prefix, "https://elsewhere.example")


@pytest.mark.parametrize("prefix", ["", "/desk"])
async def test_nginx_passes_tls_and_websockets_on(
    nginx: Proxy, prefix: str, tmp_path: Path
) -> None:
    await see_a_market(nginx, prefix)
    log = (tmp_path / "logs" / "access.log").read_text()
    assert f'"GET {prefix}/v1/candles HTTP/1.1" 200' in log
    assert f'"GET {prefix}/socket/websocket HTTP/1.1" 101' in log
    assert "?" not in log, "tokens are among the params"


async def test_nginx_leaves_out_a_server_that_is_gone_and_spreads_clients(
    nginx: Proxy, servers: list[Server]
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(4):
            await stack.enter_async_context(nginx.connect("/desk", nginx.origin))
        assert [len(server.connections()) for server in servers] == [2, 2]
    await servers[0].stop()
    for _ in range(4):
        assert (await nginx.get("/desk/")).status_code == 200


@pytest.mark.parametrize(("file", "prefix"), [("Caddyfile", ""), ("Caddyfile.subpath", "/desk")])
async def test_caddy_passes_tls_and_websockets_on(
    tmp_path: Path, servers: list[Server], certificates: Certificates, file: str, prefix: str
) -> None:
    program = tool("caddy", "caddy")
    (port,) = free_ports(1)
    tls = f"tls {certificates.server} {certificates.server_key}"
    text = (DEPLOY / "caddy" / file).read_text()
    text = text.replace("health_timeout 2s", "health_timeout 60s")  # the servers are in this loop
    head, _, rest = text.partition("{$SITE:example.com} {\n")
    options = "{\n\tadmin off\n\tauto_https disable_redirects\n}\n"
    (tmp_path / "Caddyfile").write_text(f"{options}{head}{{$SITE}} {{\n\t{tls}\n{rest}")
    command = (program, "run", "--adapter", "caddyfile", "--config", str(tmp_path / "Caddyfile"))
    env = {
        "SITE": f"https://127.0.0.1:{port}",
        "SERVERS": " ".join(upstreams(servers)),
        "XDG_DATA_HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
    }
    context = ssl.create_default_context(cafile=certificates.ca)
    async with running(*command, port=port, **env):
        await see_a_market(Proxy(port, context), prefix)
