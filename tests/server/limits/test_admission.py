"""Connections counted in all and by address, and the guests beyond the limits."""

from __future__ import annotations

from tickfire.server.limits.addresses import Proxies, parse_networks
from tickfire.server.limits.admission import MAX_GUESTS, Admission, Limits
from tickfire.server.limits.causes import ADDRESS, FULL

PROXIES = Proxies(parse_networks("10.0.0.0/8"))


def test_an_address_may_have_so_many_connections() -> None:
    admission = Admission(Limits(max_per_address=2))
    one, other = (admission.client(peer) for peer in ("203.0.113.1", "203.0.113.2"))
    assert [admission.admit(one) for _ in range(3)] == [None, None, ADDRESS]
    assert admission.admit(other) is None
    admission.leave(one)
    assert admission.admit(one) is None
    assert admission.connections == 3


def test_a_network_of_ipv6_is_one_address() -> None:
    admission = Admission(Limits(max_per_address=1))
    assert admission.admit(admission.client("2001:db8::1")) is None
    assert admission.admit(admission.client("2001:db8::ffff:2")) is ADDRESS
    assert admission.admit(admission.client("2001:db8:0:1::1")) is None


def test_all_together_have_a_limit_too() -> None:
    admission = Admission(Limits(max_connections=2, proxies=PROXIES))
    peers = ("127.0.0.1", "10.0.0.1", "203.0.113.1")
    assert [admission.admit(admission.client(peer)) for peer in peers] == [None, None, FULL]


def test_loopback_and_proxies_count_for_nobody() -> None:
    admission = Admission(Limits(proxies=PROXIES))
    assert admission.client("127.0.0.1") is None
    assert admission.client("::1") is None
    assert admission.client("10.0.0.1") is None
    assert admission.client("") is None
    assert admission.client("10.0.0.1", ["203.0.113.1"]) == "203.0.113.1"
    assert Admission(Limits(limit_loopback=True)).client("127.0.0.1") == "127.0.0.1"


def test_a_client_named_by_a_proxy_is_counted_when_it_is_known() -> None:
    admission = Admission(Limits(max_per_address=1, proxies=PROXIES))
    client = admission.client("10.0.0.1", ["203.0.113.1"])
    assert admission.admit(None) is None and admission.admit(None) is None
    assert admission.claim(client) is None
    assert admission.claim(client) is ADDRESS
    admission.leave(client)
    assert admission.claim(client) is None


class Guest:
    dropped = False

    def drop(self) -> None:
        self.dropped = True


def test_the_oldest_guest_makes_room_for_the_newest() -> None:
    admission = Admission()
    guests = [Guest() for _ in range(MAX_GUESTS + 2)]
    for guest in guests[:-1]:
        admission.receive_guest(guest)
    admission.dismiss_guest(guests[1])
    admission.receive_guest(guests[-1])
    assert [guest.dropped for guest in guests] == [True, *[False] * (MAX_GUESTS + 1)]
