/** tickfire for JavaScript: the feed over stock phoenix.js, the candle store, exact prices. */
export { decodeTicks, type PackedTick, type PackedTicks, priceText } from "./feed/binary";
export type { Recovery } from "./feed/cursor";
export {
  type CandlesHandlers,
  type FeedOptions,
  type InstrumentHandlers,
  MarketFeed,
  type NewsHandlers,
  type RealtimeHandlers,
} from "./feed/feed";
export type * from "./feed/payloads";
export type { Status } from "./feed/status";
export type { Subscription } from "./feed/subscription";
export type { TraceFeed, TraceHandlers, TraceSample } from "./feed/trace";
export { decimalsOf, fromUnits, toUnits } from "./format/decimal";
export { type Bar, CandleStore } from "./store/candle-store";
export { INTERVALS, type Interval } from "./store/intervals";
