"""Free ports: none is given twice before its server has bound it."""

from __future__ import annotations

import pytest

from tickfire.base.ports import bound_socket, free_port, free_ports

MANY = 1_000
"""So many that the system would choose some twice, were none reserved."""


def test_no_port_is_given_twice() -> None:
    assert len({free_port() for _ in range(MANY)}) == MANY


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])
def test_a_server_can_bind_it(host: str) -> None:
    for port in free_ports(3, host):
        with bound_socket(host, port, backlog=1) as listener:
            assert listener.getsockname()[1] == port
