"""A plain reference of order books: MBO records to the orders of each instrument and publisher.

A book is a dictionary from the id of an order to its side, price, size and place in the queue, and
one for each side from a price to what rests there. The prices are kept in order beside it, so that
the best of thousands can be compared at every record.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

UNDEF = 2**63 - 1
UNDEF_SIZE = 2**32 - 1
LAST, TOB, SNAPSHOT, MBP, MAYBE_BAD = 128, 64, 32, 16, 4

type Level = tuple[int, int, int]
"""Price, size, number of orders."""


SIGNS = {"B": -1, "A": 1}
"""Factors of prices that put the best one first."""


class Levels:
    """The levels of one side: size and number of orders by price."""

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._levels: dict[int, list[int]] = {}
        self._ranks: list[int] = []
        """The prices times the sign, ascending."""

    def get(self, price: int) -> list[int] | None:
        """Return a level's size and number of orders, to be changed in place."""
        return self._levels.get(price)

    def make(self, price: int) -> list[int]:
        """Return a level, which is empty if it is new."""
        if price not in self._levels:
            self._levels[price] = [0, 0]
            insort(self._ranks, self._sign * price)
        return self._levels[price]

    def remove(self, price: int) -> None:
        del self._levels[price]
        del self._ranks[bisect_left(self._ranks, self._sign * price)]

    def best(self, depth: int | None = None) -> list[Level]:
        """Return the best levels, the best one first; all without a depth."""
        prices = [self._sign * rank for rank in self._ranks[:depth]]
        return [(price, self._levels[price][0], self._levels[price][1]) for price in prices]


def no_levels() -> dict[str, Levels]:
    return {side: Levels(sign) for side, sign in SIGNS.items()}


@dataclass
class Order:
    """A resting order; `place` grows with the time at which it joined the queue of its price."""

    side: str
    price: int
    size: int
    place: int


@dataclass
class Book:
    """The book of one instrument and publisher."""

    faults: Counter[str]
    orders: dict[int, Order] = field(default_factory=dict)
    sides: dict[str, Levels] = field(default_factory=no_levels)
    unsynced: bool = False
    crossed: bool = False
    in_snapshot: bool = False
    traded: bool = False
    places: int = 0

    def levels(self, side: str, depth: int | None = None) -> list[Level]:
        """Return the best levels of a side, the best one first; all without a depth."""
        return self.sides[side].best(depth)

    def best(self, side: str) -> tuple[int, int]:
        """Return the best price of a side and its size."""
        for price, size, _ in self.levels(side, 1):
            return price, size
        return UNDEF, 0

    def queue(self, side: str) -> list[tuple[int, int, int]]:
        """Return (order id, price, size) of the orders of a side by price and place."""
        sign = SIGNS[side]
        own = [(sign * o.price, o.place, i) for i, o in self.orders.items() if o.side == side]
        return [(i, self.orders[i].price, self.orders[i].size) for _, _, i in sorted(own)]

    def empty(self, side: str = "") -> None:
        self.orders = {i: o for i, o in self.orders.items() if side and o.side != side}
        for own in side or "BA":
            self.sides[own] = Levels(SIGNS[own])

    def add(self, side: str, price: int, size: int, orders: int) -> None:
        level = self.sides[side].make(price)
        level[0] += size
        level[1] += orders

    def subtract(self, side: str, price: int, size: int, orders: int) -> None:
        level = self.sides[side].get(price)
        if level is not None:
            level[0] -= size
            level[1] -= orders
            if level[1] <= 0:
                self.sides[side].remove(price)

    def remove(self, order_id: int) -> None:
        order = self.orders.pop(order_id)
        self.subtract(order.side, order.price, order.size, 1)

    def set_level(self, side: str, price: int, size: int, action: str) -> None:
        """Apply a record of a whole price level."""
        level = self.sides[side].get(price)
        if action != "C":
            self.sides[side].make(price)[0] = size
        elif level is not None and level[0] > size:
            level[0] -= size
        elif level is not None:
            self.sides[side].remove(price)

    def contradict(self, fault: str) -> None:
        self.faults[fault] += 1
        self.faults["resyncs"] += 1
        self.empty()
        self.unsynced = True

    def take(self, record: Any) -> None:
        """Apply one record."""
        action, flags = chr(record["action"]), int(record["flags"])
        if flags & MAYBE_BAD:
            self.unsynced = True
        if flags & SNAPSHOT and not self.in_snapshot:
            self.empty()
            self.unsynced = self.crossed = False
        self.in_snapshot = bool(flags & SNAPSHOT)
        if action == "T":
            self.traded = True
        elif action == "R":
            self.empty()
            self.unsynced = self.crossed = False
        elif action in "ACM":
            self.change(record, action, chr(record["side"]), flags)
        if flags & LAST:
            self.end()

    def end(self) -> None:
        bids, asks = self.levels("B", 1), self.levels("A", 1)
        crossed = bool(bids and asks) and bids[0][0] >= asks[0][0]
        if crossed and self.traded:
            self.contradict("crossed")
            crossed = False
        elif crossed and not self.crossed:
            self.faults["crossed"] += 1
        self.crossed, self.traded = crossed, False

    def change(self, record: Any, action: str, side: str, flags: int) -> None:
        price, size, order_id = int(record["price"]), int(record["size"]), int(record["order_id"])
        size = 0 if size == UNDEF_SIZE else size
        if side not in "AB":
            self.faults["invalid"] += 1
        elif flags & TOB:
            self.empty(side)
            if price != UNDEF and action != "C":
                self.add(side, price, size, 0)
        elif action != "C" and price == UNDEF:
            self.faults["invalid"] += 1
        elif flags & MBP:
            self.set_level(side, price, size, action)
        elif action == "C":
            self.cancel(order_id, size)
        elif action == "A":
            if order_id in self.orders:
                self.contradict("duplicate")
            self.rest(order_id, side, price, size)
        else:
            self.modify(order_id, side, price, size)

    def rest(self, order_id: int, side: str, price: int, size: int, place: int = 0) -> None:
        self.places += 1
        self.orders[order_id] = Order(side, price, size, place or self.places)
        self.add(side, price, size, 1)

    def cancel(self, order_id: int, size: int) -> None:
        order = self.orders.get(order_id)
        if order is None:
            self.miss()
        elif size > order.size:
            self.contradict("excessive")
        elif size == order.size:
            self.remove(order_id)
        else:
            order.size -= size
            self.subtract(order.side, order.price, size, 0)

    def modify(self, order_id: int, side: str, price: int, size: int) -> None:
        order, place = self.orders.get(order_id), 0
        if order is None:
            self.miss()
        else:
            if (order.side, order.price) == (side, price) and size <= order.size:
                place = order.place
            self.remove(order_id)
        self.rest(order_id, side, price, size, place)

    def miss(self) -> None:
        if self.unsynced:
            self.faults["unknown"] += 1
        else:
            self.contradict("unknown")


@dataclass
class Books:
    """The books after the records taken so far, by instrument and publisher."""

    books: dict[tuple[int, int], Book] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)

    def take(self, record: Any) -> Book:
        """Apply one record, and return its book."""
        key = int(record["instrument_id"]), int(record["publisher_id"])
        if key not in self.books:
            self.books[key] = Book(self.faults)
        self.books[key].take(record)
        return self.books[key]
