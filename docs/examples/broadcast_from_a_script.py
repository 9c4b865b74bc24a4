"""Broadcast from a script: `python broadcast_from_a_script.py TOPIC TEXT`."""

import argparse
import asyncio
import contextlib
import os

import redis.asyncio

from tickfire.phoenix import Hub, PubSub, RedisAdapter

REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")


async def announce(topic: str, text: str) -> None:
    """Send an announcement to the subscribers of a topic on all servers."""
    client = redis.asyncio.Redis.from_url(REDIS_URL)
    hub = Hub()
    async with contextlib.aclosing(client), PubSub(hub, RedisAdapter(client)):
        await hub.broadcast_async(topic, "announcement", {"text": text})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("topic")
    parser.add_argument("text")
    given = parser.parse_args()
    asyncio.run(announce(given.topic, given.text))
