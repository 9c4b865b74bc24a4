import type { KernelName } from "./generated/bindings";

/** Prices of a bar that an indicator of one series may be taken of. */
export const SOURCES = ["close", "open", "high", "low", "typical"] as const;
export type Source = (typeof SOURCES)[number];

/** A number that an indicator is computed with. Ranges include both ends. */
export interface NumberSpec {
  label: string;
  default: number;
  min: number;
  max: number;
  /** Whether it is a count; else any number of the range. */
  whole: boolean;
  /** The kernel takes a 64-bit integer: this many ns for each of these units. */
  ns?: bigint;
}

/** One row of results. */
export interface OutputSpec {
  label: string;
  /** "none": computed, not drawn. */
  plot: "line" | "histogram" | "dots" | "none";
  /** Another output: the line is interrupted where that changes. */
  breaks?: string;
}

/** What is known of an indicator besides its kernel. */
export interface IndicatorSpec {
  /** Short, as in a legend, and in full, as in a menu. */
  title: string;
  about: string;
  /** Over the candles, or in a pane of its own. */
  pane: "overlay" | "own";
  /** The price it is taken of where the user does not choose; absent where it takes whole bars. */
  source?: Source;
  params: Readonly<Record<string, NumberSpec>>;
  /** By the kernel's name for them, in its order. */
  outputs: Readonly<Record<string, OutputSpec>>;
  /** Fill between two outputs. */
  fill?: readonly [string, string];
  /** Fixed scale, and levels to mark. */
  range?: readonly [number, number];
  guides?: readonly number[];
}

/** The longest window of any kernel; beyond it they give NaN. */
export const MAX_PERIOD = 1_048_576;

const MINUTE_NS = 60_000_000_000n;
const MS_NS = 1_000_000n;
const DAY_MINUTES = 1440;

function bars(label: string, preset: number, min = 1): NumberSpec {
  return { label, default: preset, min, max: MAX_PERIOD, whole: true };
}

function number(label: string, preset: number, min: number, max: number): NumberSpec {
  return { label, default: preset, min, max, whole: false };
}

const period = (preset: number, min = 1) => bars("Period", preset, min);
const width = (preset: number) => number("Width", preset, 0, 100);
const sessions = {
  sessionNs: { ...bars("Session, minutes", DAY_MINUTES), max: 366 * DAY_MINUTES, ns: MINUTE_NS },
  offsetNs: { ...bars("Begins, minutes", 0, 0), max: DAY_MINUTES, ns: MINUTE_NS },
};

const line = (label = ""): OutputSpec => ({ label, plot: "line" });
const hidden = (label: string): OutputSpec => ({ label, plot: "none" });
const channel = { middle: line("Middle"), upper: line("Upper"), lower: line("Lower") };
const band = ["upper", "lower"] as const;

function average(title: string, about: string) {
  const source: Source = "close";
  return {
    title,
    about,
    pane: "overlay",
    source,
    params: { period: period(20) },
    outputs: { out: line() },
  } as const;
}

/**
 * The indicators, by the names of their kernels; what they compute, docs/kernels.md says.
 * `NOT_INDICATORS` holds the kernels that are none; a test holds both to the bindings.
 */
export const INDICATORS = {
  sma: average("SMA", "Simple moving average"),
  ema: average("EMA", "Exponential moving average"),
  wma: average("WMA", "Weighted moving average"),
  dema: average("DEMA", "Double exponential moving average"),
  bollinger: {
    title: "BB",
    about: "Bollinger bands",
    pane: "overlay",
    source: "close",
    params: { period: period(20), width: width(2) },
    outputs: channel,
    fill: band,
  },
  keltner: {
    title: "KC",
    about: "Keltner channel",
    pane: "overlay",
    params: { period: period(20), atrPeriod: bars("ATR period", 10), width: width(2) },
    outputs: channel,
    fill: band,
  },
  donchian: {
    title: "DC",
    about: "Donchian channel",
    pane: "overlay",
    params: { period: period(20) },
    outputs: { upper: line("Upper"), lower: line("Lower"), middle: line("Middle") },
    fill: band,
  },
  regressionChannel: {
    title: "LR",
    about: "Linear regression channel",
    pane: "overlay",
    source: "close",
    params: { period: period(100, 2), width: width(2) },
    outputs: { ...channel, slope: hidden("Slope") },
    fill: band,
  },
  vwap: {
    title: "VWAP",
    about: "Volume-weighted average price of the session",
    pane: "overlay",
    source: "typical",
    params: sessions,
    outputs: { out: line() },
  },
  vwapAnchored: {
    title: "AVWAP",
    about: "Volume-weighted average price since an instant",
    pane: "overlay",
    source: "typical",
    params: {
      anchorNs: { ...bars("Since, ms of 1970", 0, 0), max: 4_611_686_018_427, ns: MS_NS },
    },
    outputs: { out: line() },
  },
  pivots: {
    title: "Pivots",
    about: "Pivot points of the session before",
    pane: "overlay",
    params: sessions,
    outputs: {
      pivot: line("P"),
      resistance1: line("R1"),
      support1: line("S1"),
      resistance2: line("R2"),
      support2: line("S2"),
      resistance3: line("R3"),
      support3: line("S3"),
    },
  },
  supertrend: {
    title: "Supertrend",
    about: "Supertrend",
    pane: "overlay",
    params: { period: period(10), width: width(3) },
    outputs: {
      line: { label: "", plot: "line", breaks: "direction" },
      direction: hidden("Direction"),
    },
  },
  sar: {
    title: "SAR",
    about: "Parabolic stop and reverse",
    pane: "overlay",
    params: {
      acceleration: number("Acceleration", 0.02, 0, 10),
      maximum: number("Maximum", 0.2, 0, 10),
    },
    outputs: { out: { label: "", plot: "dots" } },
  },
  ichimoku: {
    title: "Ichimoku",
    about: "Ichimoku cloud",
    pane: "overlay",
    params: {
      conversion: bars("Conversion", 9),
      base: bars("Base", 26),
      span: bars("Span B", 52),
      displacement: bars("Displacement", 26, 0),
    },
    outputs: {
      conversionLine: line("Conversion"),
      baseLine: line("Base"),
      leadingA: line("A"),
      leadingB: line("B"),
    },
    fill: ["leadingA", "leadingB"],
  },
  typical: {
    title: "Typical",
    about: "Typical price",
    pane: "overlay",
    params: {},
    outputs: { out: line() },
  },
  rsi: {
    title: "RSI",
    about: "Relative strength index",
    pane: "own",
    source: "close",
    params: { period: period(14) },
    outputs: { out: line() },
    range: [0, 100],
    guides: [30, 70],
  },
  macd: {
    title: "MACD",
    about: "Moving average convergence and divergence",
    pane: "own",
    source: "close",
    params: { fast: bars("Fast", 12), slow: bars("Slow", 26), signal: bars("Signal", 9) },
    outputs: {
      line: line("MACD"),
      average: line("Signal"),
      histogram: { label: "Hist", plot: "histogram" },
    },
  },
  stochastic: {
    title: "Stoch",
    about: "Stochastic oscillator",
    pane: "own",
    params: { period: period(14), slowing: bars("Slowing", 3), smoothing: bars("Smoothing", 3) },
    outputs: { k: line("%K"), d: line("%D") },
    range: [0, 100],
    guides: [20, 80],
  },
  cci: {
    title: "CCI",
    about: "Commodity channel index",
    pane: "own",
    params: { period: period(20) },
    outputs: { out: line() },
    guides: [-100, 100],
  },
  mfi: {
    title: "MFI",
    about: "Money flow index",
    pane: "own",
    params: { period: period(14) },
    outputs: { out: line() },
    range: [0, 100],
    guides: [20, 80],
  },
  adx: {
    title: "ADX",
    about: "Average directional index",
    pane: "own",
    params: { period: period(14) },
    outputs: { out: line("ADX"), plus: line("+DI"), minus: line("−DI") },
    guides: [25],
  },
  atr: {
    title: "ATR",
    about: "Average true range",
    pane: "own",
    params: { period: period(14) },
    outputs: { out: line() },
  },
  obv: {
    title: "OBV",
    about: "On-balance volume",
    pane: "own",
    params: {},
    outputs: { out: line() },
  },
  rolling: {
    title: "Z-score",
    about: "Rolling mean, variance and z-score",
    pane: "own",
    source: "close",
    params: {
      period: period(20, 2),
      freedom: { label: "Freedom", default: 0, min: 0, max: 1, whole: true },
    },
    outputs: { mean: hidden("Mean"), variance: hidden("Variance"), zscore: line() },
    guides: [-2, 2],
  },
  returns: {
    title: "Returns",
    about: "Simple returns",
    pane: "own",
    source: "close",
    params: { lag: bars("Lag", 1) },
    outputs: { out: { label: "", plot: "histogram" } },
  },
  logReturns: {
    title: "Log returns",
    about: "Logarithmic returns",
    pane: "own",
    source: "close",
    params: { lag: bars("Lag", 1) },
    outputs: { out: { label: "", plot: "histogram" } },
  },
  realisedVolatility: {
    title: "RV",
    about: "Realised volatility",
    pane: "own",
    source: "close",
    params: { period: period(20), perYear: number("Bars a year", 252, 0, 1e9) },
    outputs: { out: line() },
  },
  drawdown: {
    title: "Drawdown",
    about: "Drawdown from the highest price so far",
    pane: "own",
    source: "close",
    params: {},
    outputs: { out: line("Now"), deepest: line("Deepest") },
  },
} as const satisfies Partial<Record<KernelName, IndicatorSpec>>;

/** Kernels that no series of results goes with, or that take two instruments. */
export const NOT_INDICATORS = [
  "bars",
  "longerBars",
  "trades",
  "exponentials",
  "logarithms",
  "powers",
  "correlation",
  "valueArea",
  "volumeProfile",
] as const satisfies readonly KernelName[];

export type IndicatorName = keyof typeof INDICATORS;

/** The parameters of an indicator; what is left out has its default. */
export type Params<N extends IndicatorName = IndicatorName> = {
  [P in keyof (typeof INDICATORS)[N]["params"]]?: number;
} & ((typeof INDICATORS)[N] extends { source: Source } ? { source?: Source } : unknown);

/** The names of an indicator's results. */
export type OutputName<N extends IndicatorName> = keyof (typeof INDICATORS)[N]["outputs"] & string;

/** Whether `text` names an indicator. */
export function isIndicator(text: string): text is IndicatorName {
  return Object.hasOwn(INDICATORS, text);
}

/** The specification of an indicator, by a type that is the same for all. */
export function specOf(name: IndicatorName): IndicatorSpec {
  return INDICATORS[name];
}
