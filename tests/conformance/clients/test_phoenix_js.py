"""The stock phoenix.js, from npm, in Node: both transports, both versions, all scenarios."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.clients.expected import EXPECTED
from tests.conformance.clients.place import Place
from tests.conformance.clients.scripts import run_script

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def seen(place: Place) -> dict[str, Any]:
    """The observations of each scenario of the script."""
    script = Path(__file__).with_name("node.mjs")
    return run_script(script, json.dumps(place.addresses), place.app.do)


@pytest.mark.timeout(260)
@pytest.mark.parametrize("scenario", EXPECTED)
def test_it_observes_the_same_as_with_phoenix(scenario: str, seen: dict[str, Any]) -> None:
    assert seen[scenario] == EXPECTED[scenario]


def test_every_scenario_is_expected(seen: dict[str, Any], place: Place) -> None:
    assert seen.keys() == EXPECTED.keys()
    assert place.refusing.upgrades == place.silent.upgrades == 1
