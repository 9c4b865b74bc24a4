/**
 * tickfire for JavaScript: the feed over stock phoenix.js, the candle store, exact prices, and
 * indicators computed by the server's own kernels.
 */
export type { Bars, Trades } from "./compute/bar-columns";
export type { BarHistory } from "./compute/bar-history";
export { Compute, type ComputeOptions } from "./compute/compute";
export type { Indicator, Rows } from "./compute/indicator";
export { IndicatorError } from "./compute/params";
export {
  INDICATORS,
  type IndicatorName,
  type IndicatorSpec,
  type NumberSpec,
  type OutputName,
  type OutputSpec,
  type Params,
  SOURCES,
  type Source,
} from "./compute/registry";
export { type Port, serve } from "./compute/serve";
export { StoreSync } from "./compute/store-sync";
export { decodeTicks, type PackedTick, type PackedTicks, priceText } from "./feed/binary";
export type { CandlesHandlers, CandlesSubscription } from "./feed/candles";
export type { Recovery } from "./feed/cursor";
export {
  type FeedOptions,
  type InstrumentHandlers,
  MarketFeed,
  type NewsHandlers,
  type RealtimeHandlers,
} from "./feed/feed";
export type * from "./feed/payloads";
export type {
  Anomaly,
  Direction,
  Pattern,
  RuleHeld,
  SignalEvent,
  SignalHandlers,
} from "./feed/signals";
export type { Status } from "./feed/status";
export type { TopicSubscription } from "./feed/subscription";
export type { TraceFeed, TraceHandlers, TraceSample } from "./feed/trace";
export { decimalsOf, fromUnits, toUnits } from "./format/decimal";
export { LABELS, type Label, type Score, SentimentModel } from "./models/sentiment";
export { type Bar, CandleStore } from "./store/candle-store";
export { INTERVALS, type Interval } from "./store/intervals";
