"""The backlog of batches, against the list of writes that Redis must hold."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from tickfire.ingest.writer.backlog import OBJECT_BYTES, Backlog, Batch
from tickfire.store.head import Arguments, Head, decode_head

KEPT = 5
DATA = 10
KEEP_BYTES = KEPT * (DATA + OBJECT_BYTES)


@dataclass
class Numbered:
    """A write that is known by its number."""

    number: int
    size: int

    def command(self, now: int) -> Arguments:
        return b"PING", b"%d" % self.number

    def shift(self, offset: int) -> None:
        pass


def numbers(batch: Batch) -> list[int]:
    return [write.number for write in batch.writes if isinstance(write, Numbered)]


type Step = tuple[str, int]

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "send", "acknowledge", "lose", "reconnect"]), st.integers(0, 9)
    ),
    max_size=60,
)


@given(STEPS)
def test_redis_gets_each_write_once_and_in_order_whatever_is_lost(steps: list[Step]) -> None:
    backlog, added, sent = Backlog(0, KEEP_BYTES), 0, 0
    redis: list[list[int]] = []  # the writes of each batch that Redis holds
    for step, n in steps:
        match step:
            case "add":
                backlog.add([Numbered(added, 1 + n)], added, 1)
                added += 1
            case "send" if sent < len(backlog.waiting):
                batch = backlog.waiting[sent]
                backlog.sent(batch)
                sent += 1
                assert batch.number == len(redis) + 1
                redis.append(numbers(batch))
            case "acknowledge" if sent:
                backlog.acknowledge()
                sent -= 1
            case "lose" | "reconnect":
                kept = redis[: len(redis) - n] if step == "lose" else redis
                if backlog.go_back(len(kept)) is None:
                    continue  # lost for good: the pipe would begin a new epoch
                redis, sent = kept, 0
        flat = [number for batch in redis for number in batch]
        assert flat == list(range(len(flat)))
        assert backlog.bytes_waiting == sum(batch.size for batch in backlog.waiting)
    waiting = [n for batch in list(backlog.waiting)[sent:] for n in numbers(batch)]
    assert [n for batch in redis for n in batch] + waiting == list(range(added))


@given(st.integers(0, 30), st.integers(0, 30))
def test_acknowledged_batches_are_kept_as_far_as_their_memory_allows(count: int, back: int) -> None:
    backlog = Backlog(0, KEEP_BYTES)
    for number in range(count):
        backlog.add([Numbered(number, DATA)], number, 1)
        backlog.sent(backlog.waiting[0])
        backlog.acknowledge()
    lost = backlog.go_back(count - back)
    assert lost == (back if back <= min(count, KEPT) else None)


def test_a_new_epoch_numbers_the_waiting_batches_from_one() -> None:
    backlog = Backlog(7, KEEP_BYTES)
    for number in range(4):
        backlog.add([Numbered(number, 10)], number, 1)
        backlog.sent(backlog.waiting[-1])
    backlog.acknowledge()
    assert [batch.number for batch in backlog.renumber()] == [1, 2, 3]
    assert (backlog.acknowledged, backlog.bytes_waiting) == (0, 30)
    assert backlog.go_back(1) is None  # not sent yet in this epoch


HEADS = st.builds(
    Head,
    st.binary(min_size=8, max_size=8),
    st.integers(0, 2**53),
    st.text("0123456789abcdef", min_size=1).map(str.encode),
    st.text("0123456789abcdef-", min_size=1).map(str.encode),
    *[st.integers(0, 2**63 - 1)] * 3,
    st.booleans(),
)


@given(HEADS)
def test_a_head_is_read_as_it_was_written(head: Head) -> None:
    assert decode_head(head.encode()) == head


@given(st.one_of(st.none(), st.binary()))
def test_any_string_is_a_head_or_none(text: bytes | None) -> None:
    assert decode_head(text) is None or text
