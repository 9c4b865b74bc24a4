import { barOf } from "../feed/bar-of";
import type { CandlesSubscription } from "../feed/candles";
import type { Recovery } from "../feed/cursor";
import type { MarketFeed } from "../feed/feed";
import type {
  Book,
  Candle,
  CandlesReply,
  CandleTuple,
  Delivery,
  FeedReport,
  Imbalance,
  Instrument,
  Missed,
  Origin,
  PublisherQuotes,
  Quote,
  Snapshot,
  Statistic,
  Tick,
  TradingStatus,
} from "../feed/payloads";
import type { SignalEvent } from "../feed/signals";
import type { TopicSubscription } from "../feed/subscription";
import { CandleStore } from "../store/candle-store";
import type { Interval } from "../store/intervals";
import { ALWAYS, type Bounds, boundsOf, type TradingHours } from "../store/trading-hours";
import { LiveCandles } from "./live-candles";
import { OlderCandles } from "./older-candles";

/** Candles that are asked for at first; older ones come page by page. */
export const HISTORY_LIMIT = 2000;
const DAY_LIMIT = 2;
/** After a longer absence a client starts afresh instead of fetching every trade in between. */
const RESUME_WITHIN_MS = 60_000;

/** The symbol and the interval shown. */
export interface Shown {
  symbol: string | null;
  interval: Interval;
}

/** The latest daily bar of the selected symbol. */
export interface Day {
  reference: string;
  last: string;
  high: string;
  low: string;
  volume: number;
}

/** The page's handlers for incoming data. */
export interface PageHandlers {
  onInstruments(instruments: Instrument[]): void;
  /** The origin of the ticks, null if it is not known. */
  onOrigin(origin: Origin | null): void;
  /** The state of each feed, at first and after each change. */
  onFeeds(feeds: FeedReport[]): void;
  onTick(tick: Tick): void;
  /** Trades of the selected symbol. */
  onTrade(tick: Tick): void;
  onSnapshot(snapshot: Snapshot): void;
  onQuote(quote: Quote): void;
  /** The selected symbol's order book, at first and after each change; null if there is none. */
  onBook(book: Book | null): void;
  /** The quotes of each publisher, at first and after each change; null if there is one at most. */
  onQuotes(quotes: PublisherQuotes | null): void;
  onDay(day: Day): void;
  /** The venue's statistics of the selected symbol, by name. */
  onStats(stats: Readonly<Record<string, Statistic>>): void;
  onTradingStatus(status: TradingStatus): void;
  /** The state of an auction of the selected symbol, at first and after each change. */
  onImbalance(imbalance: Imbalance): void;
  /** The selected symbol's signals so far, newest last; then each new one. */
  onSignals(signals: SignalEvent[]): void;
  onSignal(signal: SignalEvent): void;
  /** Another store is now shown. */
  onStore(store: CandleStore): void;
  /** The candles have changed, one of them by `candle` if given. */
  onCandles(candle?: Candle): void;
  onRecovery(recovery: Recovery): void;
  onGap(gap: Missed): void;
  /** Trades are merged, because this page is too slow, or come one by one again. */
  onDelivery(delivery: Delivery): void;
  onRefused(reason: string): void;
  /** The set of joined topics may have changed. */
  onJoined(): void;
}

/** The topics that the page has joined, and the candles of the selected symbol. */
export class PageSession implements Shown {
  symbol: string | null = null;
  store: CandleStore | null = null;
  /** The candles before those of `store`. */
  older: OlderCandles | null = null;
  private readonly realtime: TopicSubscription<unknown>;
  private selected: TopicSubscription<unknown>[] = [];
  private candles: CandlesSubscription | null = null;
  private day: TopicSubscription<unknown> | null = null;
  private days: CandleTuple[] = [];
  private running: LiveCandles | null = null;
  /** The instruments by symbol. */
  private readonly instruments = new Map<string, Instrument>();

  constructor(
    private readonly feed: MarketFeed,
    public interval: Interval,
    private readonly handlers: PageHandlers,
  ) {
    this.realtime = feed.realtime({
      resumeWithinMs: RESUME_WITHIN_MS,
      onInstruments: (instruments) => {
        for (const each of instruments) this.instruments.set(each.symbol, each);
        handlers.onInstruments(instruments);
      },
      onFeeds: (feeds) => handlers.onFeeds(feeds),
      onTick: (tick) => handlers.onTick(tick),
      onRecovery: (recovery) => handlers.onRecovery(recovery),
      onGap: (gap) => handlers.onGap(gap),
      onDelivery: (delivery) => handlers.onDelivery(delivery),
      onJoin: ({ origin }) => {
        handlers.onOrigin(origin ?? null);
        handlers.onJoined();
      },
    });
  }

  /** True once the chart's history has arrived and every topic is live. */
  get live(): boolean {
    return this.feed.status.state === "open" && this.realtime.joined && !!this.candles?.joined;
  }

  /** True once the table of instruments has arrived. */
  get ready(): boolean {
    return this.feed.status.state === "open" && this.realtime.joined;
  }

  /** The trading hours of the symbol shown; those of UTC's days while they are not known. */
  get tradingHours(): TradingHours {
    return this.instruments.get(this.symbol ?? "")?.hours ?? ALWAYS;
  }

  /** The number of the feed of the symbol shown; null while it is not known. */
  get feedNumber(): number | null {
    return this.instruments.get(this.symbol ?? "")?.feed ?? null;
  }

  /** The bounds of the candles shown. */
  get bounds(): Bounds {
    return boundsOf(this.interval, this.tradingHours);
  }

  /** Show `symbol` at `interval`. */
  select(symbol: string, interval: Interval): void {
    const another = symbol !== this.symbol;
    if (!another && interval === this.interval) return;
    this.symbol = symbol;
    this.interval = interval;
    if (another) this.joinInstrument(symbol);
    this.joinCandles(symbol, interval);
    this.handlers.onJoined();
  }

  private joinInstrument(symbol: string): void {
    for (const subscription of this.selected) subscription.leave();
    const { handlers } = this;
    this.days = [];
    this.selected = [
      this.feed.instrument(symbol, {
        resumeWithinMs: RESUME_WITHIN_MS,
        onSnapshot: (snapshot) => handlers.onSnapshot(snapshot),
        onTick: (tick) => this.takeTrade(tick),
        onQuote: (quote) => handlers.onQuote(quote),
        onRefused: (reason) => handlers.onRefused(`${symbol}: ${reason}`),
      }),
      this.feed.book(symbol, { onBook: (book) => handlers.onBook(book) }),
      this.feed.publisherQuotes(symbol, { onQuotes: (quotes) => handlers.onQuotes(quotes) }),
      this.feed.stats(symbol, {
        onStats: (stats) => handlers.onStats(stats),
        onTradingStatus: (status) => handlers.onTradingStatus(status),
        onImbalance: (imbalance) => handlers.onImbalance(imbalance),
      }),
      this.feed.signals(symbol, {
        onLatest: (signals) => handlers.onSignals(signals),
        onSignal: (signal) => handlers.onSignal(signal),
      }),
    ];
  }

  /** The running candle follows a trade before it is told, so that all show one price. */
  private takeTrade(tick: Tick): void {
    this.running?.trade(tick);
    this.handlers.onTrade(tick);
  }

  private joinCandles(symbol: string, interval: Interval): void {
    this.candles?.leave();
    this.day?.leave();
    this.day = null;
    // The daily chart and the day's figures share one topic, and a socket can join a topic only
    // once.
    const isDay = interval === "1d";
    let live: LiveCandles | null = null;
    this.running = null;
    const candles = this.feed.candles(symbol, interval, {
      limit: HISTORY_LIMIT,
      onHistory: (reply) => {
        live = this.takeHistory(live, candles, reply);
        if (isDay) this.takeDays(reply);
      },
      onCandle: (candle) => {
        live?.apply(candle, candle.id);
        this.handlers.onCandles(candle);
        if (isDay) this.takeDayCandle(candle);
      },
      onRefused: (reason) => this.handlers.onRefused(`${symbol} ${interval}: ${reason}`),
      onLost: () => this.handlers.onJoined(),
    });
    this.candles = candles;
    if (!isDay) {
      this.day = this.feed.candles(symbol, "1d", {
        limit: DAY_LIMIT,
        onHistory: (reply) => this.takeDays(reply),
        onCandle: (candle) => this.takeDayCandle(candle),
      });
    }
  }

  /**
   * A first history makes a store; later ones, after a reconnect or a rewind, replace its candles.
   */
  private takeHistory(
    live: LiveCandles | null,
    candles: CandlesSubscription,
    reply: CandlesReply,
  ): LiveCandles {
    const target = live ?? new LiveCandles(new CandleStore(reply.tick_size ?? "0"), this.bounds);
    target.reset(reply.candles.map(barOf), reply.id);
    const { store } = target;
    this.running = target;
    this.store = store;
    if (live === null) {
      this.older = new OlderCandles(store, candles, () => this.handlers.onCandles());
      this.handlers.onStore(store);
    }
    this.older?.restart(reply.more);
    this.handlers.onCandles();
    this.handlers.onJoined();
    return target;
  }

  private takeDays({ candles }: Pick<CandlesReply, "candles">): void {
    this.days = candles.slice(-DAY_LIMIT);
    this.tellDay();
  }

  private takeDayCandle({ time, open, high, low, close, volume, trades }: Candle): void {
    const tuple: CandleTuple = [time, open, high, low, close, volume, trades];
    const last = this.days[this.days.length - 1];
    if (last !== undefined && last[0] > time) return;
    if (last?.[0] === time) this.days.pop();
    this.days = [...this.days, tuple].slice(-DAY_LIMIT);
    this.tellDay();
  }

  private tellDay(): void {
    const today = this.days[this.days.length - 1];
    if (today === undefined) return;
    const before = this.days.length > 1 ? this.days[0] : undefined;
    const [, open, high, low, last, volume] = today;
    this.handlers.onDay({ reference: before?.[4] ?? open, last, high, low, volume });
  }
}
