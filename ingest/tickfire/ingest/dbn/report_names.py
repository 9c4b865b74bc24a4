"""Names of what DBN's statistics and status records code by number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

STATISTICS: Final[Mapping[int, str]] = {
    1: "opening_price",
    2: "indicative_opening_price",
    3: "settlement_price",
    4: "trading_session_low_price",
    5: "trading_session_high_price",
    6: "cleared_volume",
    7: "lowest_offer",
    8: "highest_bid",
    9: "open_interest",
    10: "fixing_price",
    11: "close_price",
    12: "net_change",
    13: "vwap",
    14: "volatility",
    15: "delta",
    16: "uncrossing_price",
    17: "upper_price_limit",
    18: "lower_price_limit",
    19: "block_volume",
    20: "indicative_close_price",
    21: "mwcb_level_1",
    22: "mwcb_level_2",
    23: "mwcb_level_3",
    24: "auction_collar_reference_price",
    25: "auction_collar_upper_price",
    26: "auction_collar_lower_price",
    10001: "venue_specific_volume_1",
    10002: "venue_specific_price_1",
}
"""Names of the statistics, by stat_type."""

STATUSES: Final[Mapping[int, str]] = {
    0: "none",
    1: "pre_open",
    2: "pre_cross",
    3: "quoting",
    4: "cross",
    5: "rotation",
    6: "new_price_indication",
    7: "trading",
    8: "halt",
    9: "pause",
    10: "suspend",
    11: "pre_close",
    12: "close",
    13: "post_close",
    14: "ssr_change",
    15: "not_available_for_trading",
}
"""Names of the trading statuses, by action of a status record."""

STATUS_REASONS: Final[Mapping[int, str]] = {
    0: "none",
    1: "scheduled",
    2: "surveillance_intervention",
    3: "market_event",
    4: "instrument_activation",
    5: "instrument_expiration",
    6: "recovery_in_process",
    10: "regulatory",
    11: "administrative",
    12: "non_compliance",
    13: "filings_not_current",
    14: "sec_trading_suspension",
    15: "new_issue",
    16: "issue_available",
    17: "issues_reviewed",
    18: "filing_reqs_satisfied",
    30: "news_pending",
    31: "news_released",
    32: "news_and_resumption_times",
    33: "news_not_forthcoming",
    40: "order_imbalance",
    50: "luld_pause",
    60: "operational",
    70: "additional_information_requested",
    80: "merger_effective",
    90: "etf",
    100: "corporate_action",
    110: "new_security_offering",
    120: "market_wide_halt_level1",
    121: "market_wide_halt_level2",
    122: "market_wide_halt_level3",
    123: "market_wide_halt_carryover",
    124: "market_wide_halt_resumption",
    130: "quotation_not_available",
}
"""Names of the reasons of a trading status."""

TRADING_EVENTS: Final[Mapping[int, str]] = {
    0: "none",
    1: "no_cancel",
    2: "change_trading_session",
    3: "implied_matching_on",
    4: "implied_matching_off",
}
"""Names of the events that come with a trading status."""


def name_of(names: Mapping[int, str], code: int) -> str:
    """Return a name, or the code itself for one that is not known.

    >>> name_of(STATISTICS, 9), name_of(STATISTICS, 10_500)
    ('open_interest', 'code_10500')
    """
    return names.get(code, f"code_{code}")


def code_of(names: Mapping[int, str], name: str) -> int:
    """Return the code of a name.

    >>> code_of(STATISTICS, "open_interest")
    9

    Raises
    ------
    KeyError
        If there is no such name.
    """
    for code, known in names.items():
        if known == name:
            return code
    raise KeyError(name)
