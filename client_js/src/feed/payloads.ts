/**
 * Payloads of the server's events, as docs/topics.md defines them. Prices are exact decimal
 * strings.
 */
import type { TradingHours } from "../store/trading-hours";

/** The origin of data: a market as it trades, a recording of one, or a simulation. */
export type Origin = "live" | "replay" | "simulated";

/** Aggressor of a trade: A sold into the bid, B bought at the ask, N unknown. */
export type Side = "A" | "B" | "N";

export interface Instrument {
  symbol: string;
  /** The venue's own name, such as `ESM4` for `ES.c.0`; null if it is not known. */
  raw_symbol?: string | null;
  /** The name by which the feed was asked for it, such as the parent `ES.FUT`; null if unknown. */
  asked?: string | null;
  feed: number;
  instrument_id: number;
  /** The least price step; null if the feed does not give it. */
  tick_size: string | null;
  /** The name of the venue, and its time zone (IANA); null if they are not known. */
  venue?: string | null;
  time_zone?: string | null;
  /** Its trading hours, by which days and weeks are bounded. */
  hours?: TradingHours;
}

/** One trade; `timestamp` in ms, `ts_event` the same instant in ns. */
export interface Tick {
  symbol: string;
  price: string;
  volume: number;
  timestamp: number;
  ts_event: string;
  side: Side;
  id: string;
}

/** Top of book; a side that is absent is null. */
export interface Quote {
  symbol: string;
  bid: string | null;
  ask: string | null;
  bid_size: number | null;
  ask_size: number | null;
  timestamp: number;
  ts_event: string;
  id: string;
}

export interface Snapshot {
  bid: string | null;
  ask: string | null;
  bid_size: number | null;
  ask_size: number | null;
  last: string | null;
  last_size: number | null;
  volume: number;
  timestamp: number | null;
}

/** The trading status of an instrument; flags that the venue leaves open are null. */
export interface TradingStatus {
  symbol: string;
  /** Such as `trading`, `halt`, `pause`, `pre_open` or `close`. */
  status: string;
  /** True while trading is halted, paused or suspended, and not merely closed. */
  halted: boolean;
  reason: string;
  event: string;
  is_trading: boolean | null;
  is_quoting: boolean | null;
  is_short_sell_restricted: boolean | null;
  timestamp: number;
  ts_event: string;
}

/** One statistic of the session; price or quantity is null where it has none. */
export interface Statistic {
  symbol: string;
  /** Such as `open_interest`, `settlement_price` or `trading_session_high_price`. */
  name: string;
  price: string | null;
  quantity: number | null;
  /** Time that the value refers to, in ms. */
  reference: number | null;
  /** True if a settlement price is final; null for other statistics. */
  final: boolean | null;
  /** True if the value was withdrawn. */
  deleted: boolean;
  publisher_id: number;
  timestamp: number;
  ts_event: string;
}

/** The state of an auction; `auction` and `significant` are the venue's codes. */
export interface Imbalance {
  symbol: string;
  auction: string;
  side: Side;
  reference_price: string | null;
  paired: number | null;
  imbalance: number | null;
  clearing_price: string | null;
  book_clearing_price: string | null;
  match_price: string | null;
  upper_collar: string | null;
  lower_collar: string | null;
  market_imbalance: number | null;
  unpaired: number | null;
  unpaired_side: Side;
  significant: string;
  auction_time: number | null;
  timestamp: number;
  ts_event: string;
}

export interface StatsReply {
  symbol: string;
  stats: Record<string, Statistic>;
  status: TradingStatus | null;
  imbalance: Imbalance | null;
}

/** A price level of an order book: price, size, number of orders (0 if the venue does not tell). */
export type BookLevel = [price: string, size: number, orders: number];

/** The best levels of an order book, the best one first. */
export interface Book {
  symbol: string;
  bids: BookLevel[];
  asks: BookLevel[];
  /** Numbers of the publishers whose books are added up. */
  publishers: number[];
  /** True if the book may lack orders. */
  unsynced: boolean;
  /** True if the best bid is not below the best ask. */
  crossed: boolean;
  timestamp: number;
  ts_event: string;
}

export interface BookReply {
  symbol: string;
  /** Null if the feed has no book of the instrument. */
  book: Book | null;
}

/** The top of book of one publisher; a side is null if it has none. */
export interface PublisherQuote {
  publisher_id: number;
  /** The data set and the venue, such as `XNAS.ITCH.XNAS`; null if they are not known. */
  publisher: string | null;
  bid: string | null;
  ask: string | null;
  bid_size: number | null;
  ask_size: number | null;
  timestamp: number;
  ts_event: string;
}

/** The tops of book of an instrument that several publishers quote. */
export interface PublisherQuotes {
  symbol: string;
  publishers: PublisherQuote[];
}

export interface PublisherQuotesReply {
  symbol: string;
  /** Null if the instrument has no more than one publisher. */
  quotes: PublisherQuotes | null;
}

/** A range of positions whose ticks are lost: after `from`, up to `to`. */
export interface Missed {
  from: string;
  to: string;
}

/**
 * How ticks are sent to this client: merged, because it is too slow, or each of them. Merged ticks
 * stand for all after `from` up to `to`; their volumes and last prices are exact.
 */
export interface Delivery {
  state: "conflated" | "live";
  /** Time at which merging began, in ms since the epoch. */
  since: number;
  /** Number of trades since then that have no tick of their own. */
  merged: number;
  from: string;
  to: string;
}

/** The part of a join reply about resuming from `since`; absent on a first join. */
interface Resumed {
  id: string;
  recovered?: boolean;
  missed?: Missed;
}

export interface RealtimeReply extends Resumed {
  /** The origin of the ticks; null if it is not known. */
  origin: Origin | null;
  instruments: Instrument[];
  /** The state of each feed; absent from older servers. */
  feeds?: FeedReport[];
}

/** The state of one feed; `since` in ns by the server machine's clock. */
export interface FeedReport {
  number: number;
  /** "stale" if it is connected and sends no data while its market is open. */
  state: "up" | "stale" | "down" | "unknown";
  since: string;
  /** The dataset, or why the feed is not up. */
  detail: string;
  /** Records per second. */
  rate: number;
  /** Processes that wait to take over. */
  standbys: number;
  /** Gaps that its ingest has announced since it started; absent from older servers. */
  gaps?: number;
}

export interface InstrumentReply extends Resumed {
  symbol: string;
  snapshot: Snapshot;
  /** The present trading status; null if the feed has not told it. */
  status?: TradingStatus | null;
}

/**
 * time in ms, open, high, low, close, volume, trades (0 if their number is not known), volume-weighted
 * average price (null if it is not known)
 */
export type CandleTuple = [
  time: number,
  open: string,
  high: string,
  low: string,
  close: string,
  volume: number,
  trades: number,
  vwap?: string | null,
];

export interface CandlesReply {
  symbol: string;
  interval: string;
  tick_size: string | null;
  candles: CandleTuple[];
  /** True if there are older candles. */
  more: boolean;
  id: string;
}

/** Candles before a time, oldest first. */
export interface CandlesPage {
  candles: CandleTuple[];
  /** True if there are older candles. */
  more: boolean;
  /** The time of the first, in ms, to be passed on as the next `before`; null if there is none. */
  oldest: number | null;
  id: string;
}

export interface Candle {
  symbol: string;
  interval: string;
  time: number;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: number;
  trades: number;
  /** Volume-weighted average price; null if it is not known. */
  vwap: string | null;
  closed: boolean;
  id: string;
}

/** The sentiment of a headline. */
export interface HeadlineSentiment {
  label: "bearish" | "neutral" | "bullish";
  /** Bullish less bearish, from -1 to 1. */
  score: number;
  probabilities: Record<"bearish" | "neutral" | "bullish", number>;
  /** True if the model is too unsure for its label to be relied on. */
  abstained: boolean;
  /** The words that contributed most to the label, heaviest first. */
  words: [word: string, weight: number][];
  model: string;
}

/** `published` in ms. A headline may come again with its sentiment, under the same id. */
export interface Headline {
  id: string;
  title: string;
  summary: string;
  url: string;
  source: string;
  origin: Origin;
  published: number;
  symbols: string[];
  sentiment?: HeadlineSentiment | null;
}

/** The stamps of a trace, in the order of the data. */
export const STAMPS = ["received", "parsed", "written", "read", "encoded", "sent"] as const;
export type Stamp = (typeof STAMPS)[number];

/** The time at which one tick passed each stage, in ns by the server machine's clock. */
export interface Trace extends Record<Stamp, string> {
  symbol: string;
  id: string;
  /** Null if the tick is not a trade, as is the volume. */
  price: string | null;
  volume: number | null;
  ts_event: string;
  ticks_per_s: number;
  clients: number;
}

export type ProcessName = "feed" | "ingest" | "redis" | "server" | "infer" | "news";

/** The state of one part of the pipeline; `since` in ns by the server machine's clock. */
export interface ProcessReport {
  name: ProcessName;
  state: "up" | "late" | "down" | "unknown";
  since: string;
  detail: string;
  /** Per second. */
  rate: number;
  backlog: number;
  /** True if the backlog is an estimate, in ticks. */
  estimated: boolean;
  figures: Record<string, number>;
}

/** Quantiles of the last minute, in ns. */
export interface HopQuantiles {
  p50: number;
  p99: number;
  count: number;
}

/** Names of the hops whose quantiles the server reports. */
export type ServerHop = "parse" | "write" | "read" | "encode" | "send" | "acknowledge";

/** The state of the whole pipeline; `now` in ns by the server machine's clock. */
export interface HealthReport {
  now: string;
  processes: ProcessReport[];
  /** The state of each feed; absent from older servers. */
  feeds?: FeedReport[];
  hops: Record<ServerHop, HopQuantiles>;
}
