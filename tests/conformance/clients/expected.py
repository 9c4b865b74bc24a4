"""Expected observations of the stock phoenix.js, in Node and in Chromium."""

from __future__ import annotations

from typing import Any

ECHO = ["ok", {"deep": [1, None, "é"]}]
CONVERSATION = {
    "join": ["ok", {"topic": "room:stock", "params": {"n": 1}}],
    "echo": ECHO,
    "refused": ["error", {"no": True}],
    "later": ["ok", {"later": True}],
    "broadcast": ["ok", {}],
    "shouts": [{"loud": 1}, {"loud": 1}],
    "denied": ["error", {"reason": "unauthorized", "params": {}}],
    "unmatched": ["error", {"reason": "unmatched topic"}],
    "left": ["ok", {}],
}
SENT = [0, 255, 1]
REJOINED = {"joins": [1, 2], "echo": ["ok", {"again": 1}]}
PRESENCE = {
    "came": ["ann: desk", "bob: ", "ann: lunch"],
    "gone": [["ann", 1], ["bob", 0]],  # and how many of their presences are left
    "metas": [["lunch"]],
}
CAME_BACK = {"status": "ok", "response": {"waited": True}, "rejoined": True}
PARAMS = {"user_id": "ü&=", "a": {"b": "c"}}
POLLED = {"echo": ["ok", {"polled": True}], "transport": "longpoll"}

LARGE_BINARY = {"status": "ok", "echo": True, "shout": True, "size": 300_000}
BURST = {"count": 200, "inOrder": True}

EXPECTED: dict[str, Any] = {
    "large": {"status": "ok", "same": True, "extension": ""},
    "largeCompressed": {"status": "ok", "same": True, "extension": "permessage-deflate"},
    "largePolled": {"status": "ok", "same": True, "extension": None},
    "largeBinary": LARGE_BINARY,
    "largeBinaryCompressed": LARGE_BINARY,
    "burst": BURST,
    "burstPolled": BURST,
    "broadcastsInOrder": [True, True],
    "manyChannels": {"ok": 100, "last": ["error", {"reason": "too many channels joined"}]},
    "twoTabs": {"both": [2, 2], "one": 1},
    "pingAndReturn": {"ping": True, "open": False, "echo": ["ok", {"back": 1}]},
    "websocket": CONVERSATION,
    "v1": CONVERSATION,
    "longpoll": CONVERSATION,
    "params": PARAMS,
    "paramsPolled": PARAMS,
    "broadcastFrom": {"reply": ["ok", {}], "heard": {"n": 1}, "own": []},
    "binary": {"status": "ok", "reply": SENT, "pushed": SENT, "shout": SENT},
    "binaryJoin": ["ok", [1, 2, 3, 255], "error", [9, 8]],
    "binaryPolled": SENT,
    "crashAndRejoin": REJOINED,
    "crashAndRejoinPolled": REJOINED,
    "leaveAndJoinAgain": {
        "first": "closed",
        "second": "joined",
        "echo": ["ok", {"second": True}],
    },
    "stop": {"reply": ["ok", {"bye": 1}], "state": "closed"},
    "noReply": "timeout",
    "presence": PRESENCE,
    "presencePolled": PRESENCE,
    "presenceV1": PRESENCE,
    "authToken": {"good": "ok", "polled": "ok"},
    "fallbackFromRefusal": POLLED,
    "fallbackFromSilence": POLLED,
    "noFallback": {"echo": ["ok", {"direct": True}], "primary": True},
    "heartbeat": {"echo": ["ok", {"alive": True}], "closes": 0},
    "cut": CAME_BACK,
    "disconnected": CAME_BACK,
    "restarted": CAME_BACK,
    "killed": CAME_BACK,
    "killedPolled": ["ok", {"polled": True}],
}
