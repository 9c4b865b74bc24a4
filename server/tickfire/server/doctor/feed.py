"""Checks of the feed: its key, and whether the gateway can be reached and accepts it."""

from __future__ import annotations

import re
from typing import Final

from tickfire.ingest.adapter.protocol import FeedRefused, SessionEnded
from tickfire.ingest.live.adapter import LiveAdapter
from tickfire.ingest.lsg.client import LiveSubscription, LsgError
from tickfire.ingest.lsg.lines import DEFAULT_PORT
from tickfire.ingest.sources import address, databento_host
from tickfire.server.doctor.check import Check, failed, ok, warning

KEY: Final = re.compile(r"db-[A-Za-z0-9]{29}")


async def examine_feed(key: str | None, gateway: str, dataset: str) -> list[Check]:
    """Check the key of a feed, and log in at its gateway, without a subscription.

    Parameters
    ----------
    key : str or None
        The API key.
    gateway : str
        ``HOST:PORT``; Databento's own if empty.
    dataset : str
    """
    if not key:
        advice = "Set DATABENTO_API_KEY for live data; without, `tickfire dev` simulates a market."
        return [warning("feed key", "none", advice)]
    checks = [_key(key, is_own=bool(gateway))]
    host, port = address(gateway) if gateway else (databento_host(dataset), DEFAULT_PORT)
    adapter = LiveAdapter(host, port, key, LiveSubscription(dataset, ("trades",)))
    try:
        source = await adapter.connect()
    except FeedRefused as error:
        reason = str(error).partition(";")[0]
        checks.append(failed("feed", reason, "Set DATABENTO_API_KEY to a key with live access."))
    except (SessionEnded, LsgError) as error:
        advice = f"Let this machine connect to {host} port {port}: DNS, firewall, proxy."
        checks.append(failed("feed", str(error), advice))
    else:
        found = f"{host} port {port} accepts the key for {dataset} ({source.origin})"
        checks.append(ok("feed", found))
    finally:
        await adapter.close()
    return checks


def _key(key: str, *, is_own: bool) -> Check:
    """Check the form of a key, without showing it."""
    if KEY.fullmatch(key) or is_own:
        return ok("feed key", f"set, {len(key)} characters")
    advice = "Copy it anew from Databento's portal: 32 characters that begin with db-."
    return warning("feed key", "has not the form of a key of Databento", advice)
