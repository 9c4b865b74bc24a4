/** Example indicators. */
export const EXAMPLES: readonly { name: string; source: string }[] = [
  {
    name: "EMA cross",
    source: `# Two averages, and a dot where the fast one crosses the slow one.
from tickfire_browser import ema

FAST, SLOW = 9, 26


def indicator(bars):
    fast = ema(bars.close, FAST)
    slow = ema(bars.close, SLOW)
    cross = [None] * len(bars)
    for i in range(1, len(bars)):
        if (fast[i] - slow[i]) * (fast[i - 1] - slow[i - 1]) < 0:
            cross[i] = slow[i]
    return {"fast": fast, "slow": slow, "cross": cross}
`,
  },
  {
    name: "Custom RSI",
    source: `# Cutler's RSI: plain means of the last moves, where Wilder's smooths them.
from tickfire_browser import sma

PERIOD = 14
PANE = "own"


def indicator(bars):
    moves = [0.0] + [b - a for a, b in zip(bars.close, bars.close[1:])]
    gains = sma([max(m, 0.0) for m in moves], PERIOD)
    losses = sma([max(-m, 0.0) for m in moves], PERIOD)
    return {"rsi": 100 * gains / (gains + losses), "low": 30, "high": 70}
`,
  },
  {
    name: "Bollinger bands",
    source: `# A kernel's own bands: what it returns can be drawn as it is.
from tickfire_browser import bollinger


def indicator(bars):
    return bollinger(bars.close, period=20, width=2.0)
`,
  },
  {
    name: "VWAP of the day",
    source: `# Volume-weighted mean price of the day (UTC), and how far the close is from it.
from tickfire_browser import typical, vwap

DAY = 86_400 * 10**9  # ns, as bars.time is


def indicator(bars):
    mean = vwap(bars.time, typical(bars.high, bars.low, bars.close), bars.volume, DAY, 0)
    return {"vwap": mean, "distance": bars.close - mean}
`,
  },
  {
    name: "Channel in plain Python",
    source: `# No kernel at all: the highest high and lowest low of the last bars, by loops.
PERIOD = 20


def indicator(bars):
    top, bottom = [], []
    for i in range(len(bars)):
        window = slice(max(0, i - PERIOD + 1), i + 1)
        top.append(max(bars.high[window]))
        bottom.append(min(bars.low[window]))
    return {"top": top, "bottom": bottom}
`,
  },
];
