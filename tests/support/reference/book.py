"""A plain reference of order books: MBO records to the orders of each instrument and publisher.

A book is a dictionary from the id of an order to its side, price, size and place in the queue, and
one for each side from a price to what rests there.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

UNDEF = 2**63 - 1
UNDEF_SIZE = 2**32 - 1
LAST, TOB, SNAPSHOT, MBP, MAYBE_BAD = 128, 64, 32, 16, 4

type Level = tuple[int, int, int]
"""Price, size, number of orders."""


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
    sides: dict[str, dict[int, list[int]]] = field(default_factory=lambda: {"B": {}, "A": {}})
    """Size and number of orders by price."""
    unsynced: bool = False
    crossed: bool = False
    in_snapshot: bool = False
    traded: bool = False
    places: int = 0

    def levels(self, side: str, depth: int | None = None) -> list[Level]:
        """Return the levels of a side, the best one first."""
        best = heapq.nlargest if side == "B" else heapq.nsmallest
        own = self.sides[side]
        return [(price, own[price][0], own[price][1]) for price in best(depth or len(own), own)]

    def best(self, side: str) -> tuple[int, int]:
        """Return the best price of a side and its size."""
        own = self.sides[side]
        price = (max if side == "B" else min)(own, default=UNDEF)
        return price, own[price][0] if own else 0

    def queue(self, side: str) -> list[tuple[int, int, int]]:
        """Return (order id, price, size) of the orders of a side by price and place."""
        sign = -1 if side == "B" else 1
        own = [(sign * o.price, o.place, i) for i, o in self.orders.items() if o.side == side]
        return [(i, self.orders[i].price, self.orders[i].size) for _, _, i in sorted(own)]

    def empty(self, side: str = "") -> None:
        self.orders = {i: o for i, o in self.orders.items() if side and o.side != side}
        for own in side or "BA":
            self.sides[own] = {}

    def add(self, side: str, price: int, size: int, orders: int) -> None:
        level = self.sides[side].setdefault(price, [0, 0])
        level[0] += size
        level[1] += orders

    def subtract(self, side: str, price: int, size: int, orders: int) -> None:
        level = self.sides[side].get(price)
        if level is not None:
            level[0] -= size
            level[1] -= orders
            if level[1] <= 0:
                del self.sides[side][price]

    def remove(self, order_id: int) -> None:
        order = self.orders.pop(order_id)
        self.subtract(order.side, order.price, order.size, 1)

    def set_level(self, side: str, price: int, size: int, action: str) -> None:
        """Apply a record of a whole price level."""
        level = self.sides[side].get(price)
        if action != "C":
            self.sides[side].setdefault(price, [0, 0])[0] = size
        elif level is not None and level[0] > size:
            level[0] -= size
        elif level is not None:
            del self.sides[side][price]

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
        bids, asks = self.sides["B"], self.sides["A"]
        crossed = bool(bids and asks) and max(bids) >= min(asks)
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
        book = self.books.setdefault(key, Book(self.faults))
        book.take(record)
        return book
