"""Texts of the simulated newswire: patterns of title and summary, and names that fill them."""

from __future__ import annotations

from typing import Final

Pattern = tuple[str, str]

COMPANIES: Final = {
    "AAPL": "Apple",
    "AMD": "AMD",
    "AMZN": "Amazon",
    "BAC": "Bank of America",
    "BRK.B": "Berkshire Hathaway",
    "COST": "Costco",
    "DIS": "Disney",
    "GOOG": "Alphabet",
    "GOOGL": "Alphabet",
    "INTC": "Intel",
    "IWM": "the Russell 2000 fund",
    "JNJ": "Johnson & Johnson",
    "JPM": "JPMorgan Chase",
    "KO": "Coca-Cola",
    "META": "Meta",
    "MSFT": "Microsoft",
    "NFLX": "Netflix",
    "NVDA": "Nvidia",
    "ORCL": "Oracle",
    "PFE": "Pfizer",
    "QQQ": "the Nasdaq-100 fund",
    "SPY": "the S&P 500 fund",
    "TSLA": "Tesla",
    "UNH": "UnitedHealth",
    "V": "Visa",
    "WMT": "Walmart",
    "XOM": "Exxon Mobil",
}

PRODUCTS: Final = {
    "6A": "Australian dollar",
    "6B": "British pound",
    "6C": "Canadian dollar",
    "6E": "euro",
    "6J": "yen",
    "BTC": "bitcoin",
    "CL": "crude oil",
    "ES": "S&P 500",
    "GC": "gold",
    "HE": "lean hog",
    "HG": "copper",
    "LE": "live cattle",
    "MES": "micro S&P 500",
    "MNQ": "micro Nasdaq-100",
    "NG": "natural gas",
    "NQ": "Nasdaq-100",
    "PL": "platinum",
    "RB": "gasoline",
    "RTY": "Russell 2000",
    "SI": "silver",
    "UB": "ultra Treasury bond",
    "YM": "Dow",
    "ZB": "30-year Treasury",
    "ZC": "corn",
    "ZF": "5-year Treasury",
    "ZN": "10-year Treasury",
    "ZS": "soybean",
    "ZT": "2-year Treasury",
    "ZW": "wheat",
}

BROKERS: Final = (
    "Harrow & Pike",
    "Calder Securities",
    "Northgate Research",
    "Lindqvist Partners",
    "Meridian Equity",
    "Stonebridge Markets",
)

REGIONS: Final = ("US", "Euro zone", "UK", "China", "Japan", "Canada")

STOCKS: Final[tuple[Pattern, ...]] = (
    (
        "{name} beats {quarter} estimates with earnings of {eps} a share",
        "Analysts had expected {expected}. Revenue rose {percent} from a year earlier.",
    ),
    (
        "{name} misses {quarter} estimates, shares fall",
        "Earnings of {eps} a share compare with the {missed} that analysts had expected.",
    ),
    (
        "{name} raises full-year revenue outlook",
        "The company now expects growth of {percent}, citing strong demand.",
    ),
    (
        "{name} cuts full-year forecast on weak demand",
        "Management warned that margins will stay under pressure through {quarter}.",
    ),
    (
        "{broker} upgrades {name} to buy, target {target}",
        "The broker raised its price target from {before}.",
    ),
    (
        "{broker} downgrades {name} to sell",
        "The broker sees little room for growth at the current valuation.",
    ),
    (
        "{broker} starts coverage of {name} at hold, target {target}",
        "It calls the shares fairly valued.",
    ),
    (
        "{name} announces {amount} share buyback",
        "The programme adds to the one that ends this year.",
    ),
    (
        "{name} raises quarterly dividend by {percent}",
        "It is payable to shareholders of record at the end of the month.",
    ),
    (
        "{name} in talks for {amount} acquisition, people familiar say",
        "The talks may still end without a deal.",
    ),
    (
        "{name} delays launch of its next product line",
        "The company now aims for the second half of the year.",
    ),
    (
        "Trading in {symbol} halted, volatility pause",
        "Trading is to resume in {minutes} minutes.",
    ),
    (
        "Trading in {symbol} halted, news pending",
        "The exchange asked the company for a statement.",
    ),
    ("{symbol} resumes trading", "The pause lasted {minutes} minutes."),
    (
        "{name} names new chief financial officer",
        "The appointment takes effect at the start of next quarter.",
    ),
    (
        "{name} to cut {small} of its workforce",
        "The company expects a one-time charge in {quarter}.",
    ),
    (
        "Unusual options activity in {symbol} ahead of earnings",
        "Call volume reached several times its daily average.",
    ),
)

FUTURES: Final[tuple[Pattern, ...]] = (
    (
        "{name} futures rise {small} in heavy trading",
        "Volume in {symbol} is well above its average of the last month.",
    ),
    (
        "{name} futures slip {small} as buyers step back",
        "Traders in {symbol} point to positioning ahead of data.",
    ),
    (
        "{name} futures little changed ahead of data",
        "{symbol} has kept to a narrow range since the open.",
    ),
    (
        "{broker} turns bullish on {name}, sees {percent} upside",
        "The broker names flows and seasonality as its reasons.",
    ),
    (
        "{broker} warns of {percent} downside in {name}",
        "The broker advises its clients to reduce exposure.",
    ),
    (
        "Large block trade in {symbol} draws attention",
        "The trade crossed near the middle of the spread.",
    ),
    (
        "Open interest in {name} futures climbs to a one-month high",
        "New positions in {symbol} were opened on both sides.",
    ),
    (
        "Exchange raises margins for {name} futures by {percent}",
        "The change takes effect after the close of business.",
    ),
    (
        "{name} futures pause after velocity logic event",
        "Trading in {symbol} resumed within seconds.",
    ),
    (
        "Stops triggered as {name} futures break the overnight low",
        "{symbol} recovered part of the move within {minutes} minutes.",
    ),
)

MACRO: Final[tuple[Pattern, ...]] = (
    (
        "{region} consumer prices rise {small}, above forecast",
        "Core inflation stayed firm, led by services.",
    ),
    (
        "{region} consumer prices rise {small}, in line with forecast",
        "Bond yields hardly moved on the release.",
    ),
    (
        "{region} inflation cools more than expected",
        "Markets now price an earlier rate cut.",
    ),
    (
        "{region} economy adds {thousand} jobs",
        "The unemployment rate moved by {small}.",
    ),
    (
        "{region} factory activity shrinks for a third month",
        "New orders fell, employment was stable.",
    ),
    (
        "{region} retail sales climb {small}",
        "Economists had expected no change.",
    ),
    (
        "{region} central bank holds rates, signals patience",
        "Policymakers want more evidence that inflation is easing.",
    ),
    (
        "{region} central bank official sees room for cuts this year",
        "The remarks came at a conference this morning.",
    ),
    (
        "{region} growth revised to {small} for {quarter}",
        "Business investment was stronger than first reported.",
    ),
    (
        "Crude inventories fall more than expected",
        "Refinery runs rose by {small} in the week.",
    ),
    (
        "Volatility gauge climbs as investors buy protection",
        "Demand for short-dated puts rose by {percent}.",
    ),
)
