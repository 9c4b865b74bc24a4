/** The feed: topics of a tickfire server over one stock phoenix.js socket. */
export { barOf } from "../feed/bar-of";
export { decodeTicks, type PackedTick, type PackedTicks, priceText } from "../feed/binary";
export type { BookHandlers } from "../feed/book";
export type { CandlesHandlers, CandlesSubscription } from "../feed/candles";
export type { Recovery } from "../feed/cursor";
export {
  type FeedOptions,
  type InstrumentHandlers,
  MarketFeed,
  type NewsHandlers,
  type RealtimeHandlers,
} from "../feed/feed";
export type * from "../feed/payloads";
export type { PublisherQuotesHandlers } from "../feed/quotes";
export type {
  Anomaly,
  Direction,
  Pattern,
  RuleHeld,
  SignalEvent,
  SignalHandlers,
} from "../feed/signals";
export type { StatsHandlers } from "../feed/stats";
export type { Status } from "../feed/status";
export type { TopicSubscription } from "../feed/subscription";
export type { TraceFeed, TraceHandlers, TraceSample } from "../feed/trace";
