"""Many clients of one hub, on both versions, that act in any order.

What must hold whatever happens:

- a broadcast never precedes its join reply, and nothing of a join follows its end;
- each join hears an unbroken run of its topic's broadcasts, in order, each once;
- every message with a ref is answered at most once, and once all is quiet, exactly once where it
  should;
- a message that cannot be decoded ends its own connection, and nobody else's;
- when all have gone, nothing is left in the hub.

`python -m tests.phoenix.soak --minutes 10` runs it for longer.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack
from typing import Any, ClassVar, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.support.phoenix.fakes import Talk
from tests.support.phoenix.quiet import library_silenced
from tests.support.phoenix.watcher import UNSERVED, Watcher, counted
from tickfire.phoenix import Channel, Hub, JoinError, NoReply, Reply, Socket, Stop

ROOM, ROOM_2, TAP = "room:1", "room:2", "tap:1"
TOPICS = [ROOM, ROOM_2, TAP, UNSERVED]
CLIENTS = 4
MAX_CHANNELS = 2
MAX_TURNS = 1_000
QUIET_TURNS = 5  # a callback of the loop, or a lane, may have something left for the next turn
NOBODY = ""


class Stage:
    """State shared by the channels of one run and the test.

    Attributes
    ----------
    gates
        The gates at which callbacks wait.
    shouted
        By topic, (number, name of who is not to hear it) of every broadcast.
    """

    def __init__(self) -> None:
        self.hub = Hub()
        self.gates: list[asyncio.Event] = []
        self.shouted: dict[str, list[tuple[int, str]]] = {topic: [] for topic in TOPICS}
        self._numbers: Iterator[int] = itertools.count(1)

    def next_shout(self, topic: str, spared: str = NOBODY) -> dict[str, int]:
        """Note a broadcast that is about to be made; return its payload."""
        number = next(self._numbers)
        self.shouted[topic].append((number, spared))
        return {"n": number}

    async def gate(self) -> None:
        """Wait until the test lets on."""
        gate = asyncio.Event()
        self.gates.append(gate)
        await gate.wait()


class Anything(Channel):
    """Channel that carries out its client's requests, and waits at the gate on request."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        socket.assigns["name"] = payload["name"]
        if payload["then"] == "push":
            socket.push("pushed", {})
        if payload["wait"]:
            await self._stage.gate()
        if payload["then"] == "refuse":
            raise JoinError
        if payload["then"] == "crash":
            raise RuntimeError

    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Any:
        if isinstance(payload, bytes):
            reply = await self.handle_in(event, json.loads(payload), socket)
            return Reply(payload) if isinstance(reply, Reply) else reply
        if payload["wait"]:
            await self._stage.gate()
        match payload["then"]:
            case "crash":
                raise RuntimeError
            case "stop":
                return Stop("normal", Reply())
            case "silence":
                return NoReply()
            case "push":
                socket.push("pushed", {})
            case "info":
                socket.send_info(payload)
            case "later":
                later = socket.socket_ref()
                asyncio.get_running_loop().call_soon(socket.reply, later, Reply())
                return NoReply()
            case "shout":
                await socket.broadcast("shout", self._stage.next_shout(socket.topic))
            case "shout_from":
                me = socket.assigns["name"]
                await socket.broadcast_from("shout", self._stage.next_shout(socket.topic, me))
        return Reply()

    async def handle_info(self, message: Any, socket: Socket) -> None:
        socket.push("pushed", {})

    async def terminate(self, reason: Any, socket: Socket) -> None:
        await asyncio.sleep(0)


class Tap(Anything):
    """The same, with every broadcast going through the channel."""

    intercept = ("shout",)


class Action(NamedTuple):
    """One action of a client, or upon it; an action that does not apply is ignored."""

    kind: str
    client: int
    topic: str
    then: str
    join_ref: str
    wait: bool


def weighted(weights: dict[Any, int]) -> st.SearchStrategy[Any]:
    return st.sampled_from([value for value, weight in weights.items() for _ in range(weight)])


KINDS = weighted(
    {"push": 14, "join": 6, "shout": 4, "leave": 3, "open": 3, "heartbeat": 1}
    | {"reconnect": 1, "garbage": 1, "congest": 1, "relieve": 1}
)
OUTCOMES = weighted(
    {"fine": 3, "shout": 3, "shout_from": 2, "push": 2, "info": 1, "later": 1}
    | {"silence": 1, "stop": 1, "refuse": 1, "crash": 1}
)
JOIN_REFS = weighted({"latest": 5, "null": 1, "old": 1, "binary": 2})
GARBAGE = (b"", b"[]", b"{}", b"\xff", b'["1","1","room:1","do"]', b"\x00\x09\x09\x09\x09")

actions = st.builds(
    Action,
    KINDS,
    st.integers(0, CLIENTS - 1),
    weighted({ROOM: 5, TAP: 3, ROOM_2: 2, UNSERVED: 1}),
    OUTCOMES,
    JOIN_REFS,
    weighted({False: 4, True: 1}),
)


class Sessions(RuleBasedStateMachine):
    """The state machine; `examples` and `steps` count the work of all instances."""

    examples: ClassVar[int] = 0
    steps: ClassVar[int] = 0

    @initialize()
    def begin(self) -> None:
        Sessions.examples += 1
        self.silence = ExitStack()
        self.silence.enter_context(library_silenced())
        self.loop = asyncio.new_event_loop()
        self.stage = Stage()
        self.connections = itertools.count()
        self.watchers = [self.connect(index) for index in range(CLIENTS)]
        everybody = range(CLIENTS)
        self.much_at_once(
            [Action("join", who, ROOM, "fine", "latest", False) for who in everybody], 0
        )

    def connect(self, index: int) -> Watcher:
        vsn = "v1" if index % 2 else "v2"
        stage = self.stage
        channels: dict[str, Callable[[], Channel]] = {
            "room:*": lambda: Anything(stage),
            "tap:*": lambda: Tap(stage),
        }

        async def start() -> Talk:
            return Talk(channels, hub=stage.hub, vsn=vsn, max_channels=MAX_CHANNELS)

        # A channel whose client has gone may still have something to do under its name.
        name = f"{index}.{next(self.connections)}"
        return Watcher(name, self.run(start()), vsn, counted())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def do(self, action: Callable[[], Any]) -> None:
        async def act() -> None:
            action()

        self.run(act())

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.settle()
            for watcher in self.watchers:
                self.do(watcher.talk.session.lost)
            self.let_end()
            assert not self.stage.hub.topics()
            self.loop.close()
            self.silence.close()

    # --- what happens
    @rule(actions=st.lists(actions, min_size=2, max_size=10), turns=st.integers(0, 2))
    def much_at_once(self, actions: list[Action], turns: int) -> None:
        """Do several things in one turn of the loop, and let it come round some more."""

        async def act() -> None:
            for action in actions:
                self.act(action, self.watchers[action.client])
            for _ in range(turns):
                await asyncio.sleep(0)

        Sessions.steps += len(actions)
        self.to_connect: list[int] = []
        self.run(act())
        for index in self.to_connect:
            self.watchers[index] = self.connect(index)

    def act(self, action: Action, watcher: Watcher) -> None:
        session, topic = watcher.talk.session, action.topic
        choice = {"then": action.then, "wait": action.wait}
        match action.kind:
            case _ if session.closed:
                pass
            case "join":
                watcher.send(topic, "phx_join", choice | {"name": watcher.name}, None)
            case "push":
                binary = action.join_ref == "binary"
                join_ref = choose_join_ref(watcher, topic, action.join_ref)
                watcher.send(topic, "do", choice | {"binary": binary}, join_ref)
            case "leave":
                join_ref = choose_join_ref(watcher, topic, action.join_ref)
                watcher.send(topic, "phx_leave", {}, join_ref)
            case "heartbeat":
                watcher.send("phoenix", "heartbeat", {}, None)
            case "shout":
                self.stage.hub.local_broadcast(topic, "shout", self.stage.next_shout(topic))
            case "open" if self.stage.gates:
                self.stage.gates.pop(0).set()
            case "congest" | "relieve":
                session.set_congested(action.kind == "congest")
            case "reconnect":
                session.lost()
                self.to_connect.append(action.client)
            case "garbage":
                self.send_garbage(watcher, action.then)
                self.to_connect.append(action.client)

    @staticmethod
    def send_garbage(watcher: Watcher, choice: str) -> None:
        watcher.listen()
        payload = GARBAGE[len(choice) % len(GARBAGE)]
        watcher.talk.session.receive(payload, payload.startswith(b"\0"))
        assert watcher.talk.transport.closed_with in (1007, 1011)

    # --- what must hold
    @invariant()
    def everything_heard_is_in_order(self) -> None:
        for watcher in getattr(self, "watchers", ()):
            watcher.listen()

    def let_end(self) -> None:
        """Let everything end that has begun."""
        quiet = turns = 0
        while quiet < QUIET_TURNS:
            turns += 1
            assert turns < MAX_TURNS, "something never ends"
            for gate in self.stage.gates:
                self.do(gate.set)
            self.stage.gates.clear()
            self.run(asyncio.sleep(0))
            idle = not self.stage.gates and not asyncio.all_tasks(self.loop)
            quiet = quiet + 1 if idle else 0

    @rule()
    def settle(self) -> None:
        """Check at rest the broadcasts and the replies that each watcher has received."""
        Sessions.steps += 1
        self.let_end()
        for topic in TOPICS:
            payload = self.stage.next_shout(topic)
            self.do(lambda topic=topic, payload=payload: self.shout(topic, payload))  # type: ignore[misc]
        self.let_end()
        for watcher in self.watchers:
            watcher.listen()
            watcher.check_shouts(self.stage.shouted)
            watcher.check_answers()

    def shout(self, topic: str, payload: dict[str, int]) -> None:
        self.stage.hub.local_broadcast(topic, "shout", payload)


def choose_join_ref(watcher: Watcher, topic: str, which: str) -> str | None:
    joins = [ref for ref, join in watcher.joins.items() if join.topic == topic]
    if which == "null" or not joins:
        return None
    return joins[0] if which == "old" else joins[-1]
