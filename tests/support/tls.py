"""TLS in front of a real Valkey, whose embedded binary has none: certificates and a proxy."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

SUBJECT = "/CN=tickfire test"


class Certificates:
    """A CA, and a server's and a client's certificate that it signed.

    Attributes
    ----------
    ca, server, server_key, client, client_key : Path
        PEM files.
    """

    def __init__(self, folder: Path) -> None:
        self.ca, self._ca_key = folder / "ca.pem", folder / "ca.key"
        self.server, self.server_key = folder / "server.pem", folder / "server.key"
        self.client, self.client_key = folder / "client.pem", folder / "client.key"
        extension = folder / "san.cnf"
        extension.write_text("subjectAltName=IP:127.0.0.1\nauthorityKeyIdentifier=keyid\n")
        _openssl(
            *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", SUBJECT),
            *("-keyout", str(self._ca_key), "-out", str(self.ca)),
            *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
        )
        self._sign(self.server, self.server_key, "-extfile", str(extension))
        self._sign(self.client, self.client_key, "-extfile", str(extension))

    def _sign(self, certificate: Path, key: Path, *options: str) -> None:
        request = certificate.with_suffix(".csr")
        _openssl(
            *("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"{SUBJECT} {certificate.stem}"),
            *("-keyout", str(key), "-out", str(request)),
        )
        _openssl(
            *("x509", "-req", "-in", str(request), "-CA", str(self.ca), "-CAkey"),
            *(str(self._ca_key), "-CAcreateserial", "-days", "2", "-out", str(certificate)),
            *options,
        )

    def context(self, *, ask_client: bool = False) -> ssl.SSLContext:
        """Return a server's context, which may demand the client's certificate."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.ca)
        context.load_cert_chain(self.server, self.server_key)
        context.verify_mode = ssl.CERT_REQUIRED if ask_client else ssl.CERT_NONE
        return context


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


@contextlib.asynccontextmanager
async def terminating(context: ssl.SSLContext, port: int) -> AsyncIterator[int]:
    """Run a proxy that ends TLS in front of a port of this machine; yield its own port."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_copy(reader, inner_writer))
                both.create_task(_copy(inner_reader, writer))
        finally:
            writer.close()
            inner_writer.close()
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()
