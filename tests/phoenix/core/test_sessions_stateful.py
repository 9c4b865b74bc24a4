"""The state machine of `tests.support.phoenix.sessions`, for as long as a test may take.

`python -m tests.phoenix.soak --minutes 10` runs it for longer.
"""

from __future__ import annotations

import pytest
from hypothesis import Phase, settings

from tests.support.phoenix.sessions import Sessions

pytestmark = pytest.mark.timeout(300)

STEPS = 30
EXAMPLES = 100


TestSessions = Sessions.TestCase
TestSessions.settings = settings(
    stateful_step_count=STEPS,
    max_examples=EXAMPLES,
    phases=[Phase.reuse, Phase.generate],  # shrinking takes minutes
    report_multiple_bugs=False,
)
