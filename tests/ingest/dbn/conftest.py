from __future__ import annotations

import pytest

from tests.support.dbn import SHARED_DATA


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes ``shared_dbn`` with every recorded file that has a DBN header."""
    if "shared_dbn" in metafunc.fixturenames:
        files = [path for path in sorted(SHARED_DATA.rglob("*.dbn*")) if ".frag" not in path.name]
        skip = pytest.mark.skipif(
            not SHARED_DATA.parents[1].exists(), reason="needs the folder ../shared"
        )
        absent = pytest.param(SHARED_DATA / "absent.dbn", marks=skip, id="absent")
        metafunc.parametrize(
            "shared_dbn", [pytest.param(path, id=path.name) for path in files] or [absent]
        )
