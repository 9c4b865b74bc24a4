"""Names of companies and products in the news, with their symbols or futures roots.

Names that are also common words in titles (Target, Visa, Gap) are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

COMPANIES: Final[Mapping[str, str]] = {
    "3M": "MMM", "AT&T": "T", "AbbVie": "ABBV", "Adobe": "ADBE", "Airbnb": "ABNB",
    "Alibaba": "BABA", "Alphabet": "GOOGL", "Google": "GOOGL", "Amazon": "AMZN",
    "Amgen": "AMGN", "Apple": "AAPL", "Applied Materials": "AMAT", "AMD": "AMD",
    "Advanced Micro Devices": "AMD", "American Express": "AXP", "AIG": "AIG",
    "American International Group": "AIG", "Bank of America": "BAC", "Berkshire Hathaway": "BRK.B",
    "Best Buy": "BBY", "Beyond Meat": "BYND", "Biogen": "BIIB", "BlackRock": "BLK", "Boeing": "BA",
    "Broadcom": "AVGO", "Caterpillar": "CAT", "Chevron": "CVX", "Chipotle": "CMG", "Cisco": "CSCO",
    "Citigroup": "C", "Coca-Cola": "KO", "Coinbase": "COIN", "Comcast": "CMCSA",
    "Costco": "COST", "CVS": "CVS", "Deere": "DE", "Delta Air Lines": "DAL", "Disney": "DIS",
    "eBay": "EBAY", "Eli Lilly": "LLY", "Exxon Mobil": "XOM", "ExxonMobil": "XOM", "Exxon": "XOM",
    "Facebook": "META", "Meta Platforms": "META", "FedEx": "FDX", "Ford": "F",
    "General Electric": "GE", "General Motors": "GM", "Gilead": "GILD", "Goldman Sachs": "GS",
    "Goldman": "GS", "Halliburton": "HAL", "Home Depot": "HD", "Honeywell": "HON", "HP": "HPQ",
    "IBM": "IBM", "Intel": "INTC", "Intuit": "INTU", "JPMorgan Chase": "JPM", "JPMorgan": "JPM",
    "J.P. Morgan": "JPM", "Johnson & Johnson": "JNJ", "Kraft Heinz": "KHC",
    "Lockheed Martin": "LMT", "Lowe's": "LOW", "Lululemon": "LULU", "Lyft": "LYFT",
    "Macy's": "M", "Mastercard": "MA", "McDonald's": "MCD", "Merck": "MRK", "Micron": "MU",
    "Microsoft": "MSFT", "Moderna": "MRNA", "Morgan Stanley": "MS", "Netflix": "NFLX",
    "Nike": "NKE", "Nvidia": "NVDA", "NVIDIA": "NVDA", "Oracle": "ORCL", "Palantir": "PLTR",
    "PayPal": "PYPL", "PepsiCo": "PEP", "Pepsi": "PEP", "Pfizer": "PFE",
    "Procter & Gamble": "PG", "Qualcomm": "QCOM", "Roku": "ROKU", "Salesforce": "CRM",
    "Schlumberger": "SLB", "Shopify": "SHOP", "Starbucks": "SBUX", "Tesla": "TSLA",
    "Texas Instruments": "TXN", "Twilio": "TWLO", "Uber": "UBER", "Under Armour": "UAA",
    "UnitedHealth": "UNH", "United Airlines": "UAL", "Verizon": "VZ", "Walgreens": "WBA",
    "Walmart": "WMT", "Wells Fargo": "WFC", "Zoom Video": "ZM",
}  # fmt: skip

PRODUCTS: Final[Mapping[str, str]] = {
    "S&P 500": "ES", "Nasdaq 100": "NQ", "Nasdaq-100": "NQ", "Russell 2000": "RTY", "Dow": "YM",
    "Crude oil": "CL", "Crude": "CL", "WTI": "CL", "Gold": "GC", "Silver": "SI", "Copper": "HG",
    "Natural gas": "NG", "Gasoline": "RB", "Platinum": "PL", "Bitcoin": "BTC", "Euro": "6E",
    "Yen": "6J", "British pound": "6B", "Australian dollar": "6A", "Canadian dollar": "6C",
    "Live cattle": "LE", "Lean hog": "HE", "Lean hogs": "HE",
}  # fmt: skip
"""Products; these also match in lower case, since a commodity is not a proper name."""
