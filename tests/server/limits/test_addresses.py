"""Addresses of clients: behind proxies, in IPv6 networks, mapped to IPv6."""

from __future__ import annotations

import pickle

import pytest

from tickfire.base.errors import UsageError
from tickfire.server.limits.addresses import Proxies, client_of, parse_address, parse_networks

PROXIES = Proxies(parse_networks("10.0.0.0/8, 192.168.7.1 fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        pytest.param("203.0.113.9", ["1.2.3.4"], "203.0.113.9", id="a peer that is no proxy"),
        pytest.param("10.1.1.1", ["1.2.3.4"], "1.2.3.4", id="a proxy's client"),
        pytest.param("10.1.1.1", ["6.6.6.6", " 1.2.3.4 "], "1.2.3.4", id="what the client claims"),
        pytest.param("10.1.1.1", ["1.2.3.4", "192.168.7.1"], "1.2.3.4", id="two proxies"),
        pytest.param("10.1.1.1", ["1.2.3.4:567"], "1.2.3.4", id="with a port"),
        pytest.param("10.1.1.1", ["[2001:db8::1]:567"], "2001:db8::1", id="IPv6 with a port"),
        pytest.param("::ffff:10.1.1.1", ["1.2.3.4"], "1.2.3.4", id="a mapped address"),
        pytest.param("fd00::1", ["2001:db8::1"], "2001:db8::1", id="IPv6"),
        pytest.param("10.1.1.1", ["unknown"], "10.1.1.1", id="no address"),
        pytest.param("10.1.1.1", [], "10.1.1.1", id="no header"),
        pytest.param("192.168.7.2", ["1.2.3.4"], "192.168.7.2", id="beside a single address"),
    ],
)
def test_the_last_address_that_is_no_proxys_is_the_clients(
    peer: str, forwarded: list[str], client: str
) -> None:
    address = parse_address(peer)
    assert address is not None
    assert PROXIES.client(address, forwarded) == parse_address(client)


def test_a_worker_gets_the_networks() -> None:
    copy = pickle.loads(pickle.dumps(PROXIES))
    address = parse_address("10.1.1.1")
    assert address is not None and copy.trusts(address)
    assert copy.for_uvicorn() == PROXIES.for_uvicorn()
    assert "::ffff:10.0.0.0/104" in copy.for_uvicorn()


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ],
)
def test_an_ipv6_client_is_its_network(address: str, client: str) -> None:
    parsed = parse_address(address)
    assert parsed is not None
    assert client_of(parsed) == client


@pytest.mark.parametrize("text", ["10.0.0.1/8", "proxy.example", "10.0.0.0/33"])
def test_what_is_no_network_is_one_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="TRUSTED_PROXIES"):
        parse_networks(text)
