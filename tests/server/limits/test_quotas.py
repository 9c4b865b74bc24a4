"""Quotas are read from an option or a grant, and refused with a sentence if they are not valid."""

from __future__ import annotations

import pytest

from tickfire.base.errors import UsageError
from tickfire.server.limits.buckets import Rate
from tickfire.server.limits.quotas import NAMES, Quotas, parse_quota, parse_quotas


def test_no_text_gives_the_defaults_and_their_text_gives_them_again() -> None:
    assert parse_quotas("") == parse_quotas(str(Quotas())) == Quotas()


def test_quotas_are_named_and_the_rest_is_as_before() -> None:
    quotas = parse_quotas("joins=5/20,topics=7  replays=0.5")
    assert quotas == Quotas(joins=Rate(5, 20), topics=7, replays=Rate(0.5, 1))
    assert quotas.override({"messages": 30, "lanes": 2}) == Quotas(
        joins=Rate(5, 20), topics=7, replays=Rate(0.5, 1), messages=Rate(30, 60), lanes=2
    )
    assert quotas.override({"topics": 2.5, "lanes": 0.5}).topics == 2


@pytest.mark.parametrize(
    "text",
    [
        *("joins", "joins=", "joins=0", "joins=-1", "joins=1/0", "joins=1/2/3", "joins=inf"),
        *("joins=nan", "topics=1.5", "topics=5/5", "topics=0", "bogus=1", "=1"),
    ],
)
def test_a_bad_quota_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_quotas(text)
    assert str(error.value).endswith(".")


@pytest.mark.parametrize("given", [None, True, [], {}, "", float("inf"), 0, -1])
@pytest.mark.parametrize("name", NAMES)
def test_a_grant_may_hold_numbers_alone(name: str, given: object) -> None:
    with pytest.raises(UsageError):
        parse_quota(name, given)
