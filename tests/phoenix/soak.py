"""The stateful test of sessions, for long: `python -m tests.phoenix.soak --minutes 10 --seed N`.

Prints the seed, then what was done; the same seed does the same things in the same order. Ends with
a traceback and an example that fails, if there is one.
"""

from __future__ import annotations

import argparse
import sys
import time

from hypothesis import Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.support.phoenix.sessions import Sessions

ROUND_EXAMPLES = 200
ROUND_STEPS = 50
DEFAULT_SEED = 20_261_122


def soak(minutes: float, first_seed: int) -> None:
    """Run rounds of examples, each with a seed of its own, until the time is over."""
    rounds = settings(
        settings.get_profile("default"),
        max_examples=ROUND_EXAMPLES,
        stateful_step_count=ROUND_STEPS,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        phases=[Phase.generate],  # what a client has heard tells more than a smaller example
    )
    end = time.monotonic() + minutes * 60
    number = first_seed
    while time.monotonic() < end:
        run_state_machine_as_test(seed(number)(Sessions), settings=rounds)
        number += 1
        report(f"seeds {first_seed} to {number - 1}")


def report(seeds: str) -> None:
    sys.stdout.write(f"{seeds}: {Sessions.examples:,} examples, {Sessions.steps:,} actions\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    arguments = parser.parse_args()
    sys.stdout.write(f"seed {arguments.seed}\n")
    soak(arguments.minutes, arguments.seed)
    sys.stdout.write("no failure\n")


if __name__ == "__main__":
    main()
