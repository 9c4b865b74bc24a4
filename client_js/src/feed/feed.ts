import { Socket } from "phoenix";
import { decodeTicks, type PackedTicks } from "./binary";
import { type BookHandlers, subscribeBook } from "./book";
import { type CandlesHandlers, CandlesSubscription } from "./candles";
import { preciseNow } from "./clock";
import { Cursor, type Recovery } from "./cursor";
import type {
  BookReply,
  Delivery,
  FeedReport,
  Headline,
  HealthReport,
  Instrument,
  InstrumentReply,
  Missed,
  PublisherQuotesReply,
  Quote,
  RealtimeReply,
  Snapshot,
  StatsReply,
  Tick,
  TradingStatus,
} from "./payloads";
import { type PublisherQuotesHandlers, subscribePublisherQuotes } from "./quotes";
import type { SignalEvent, SignalHandlers } from "./signals";
import { type StatsHandlers, subscribeStats } from "./stats";
import { backoff, nextStatus, type Status, type StatusEvent } from "./status";
import { TopicSubscription } from "./subscription";
import { TraceFeed, type TraceHandlers } from "./trace";

const HEARTBEAT_MS = 10_000;

export interface FeedOptions {
  /** The socket's address without `/websocket`: "ws://host/socket", or "/socket" in a browser. */
  url: string;
  /** The token, sent in a header of the handshake: ASCII, as tokens of Phoenix and JWTs are. */
  authToken?: string;
  /** Params of the socket, which become part of its address. */
  params?: Record<string, string>;
  /** A WebSocket class, for Node versions without a built-in one. */
  transport?: unknown;
}

/** Options common to all tick subscriptions. */
interface Resumable {
  /** After a longer silence than this (ms), start afresh instead of fetching all missed ticks. */
  resumeWithinMs?: number;
  /** Called after a rejoin: whether it resumed after the last id seen. */
  onRecovery?: (recovery: Recovery) => void;
  /** Called when ticks were lost on the way to this client. */
  onGap?: (gap: Missed) => void;
  /**
   * Called when this client is too slow, so that its ticks are merged, again with each stretch of
   * them, and once it has caught up.
   */
  onDelivery?: (delivery: Delivery) => void;
}

export interface RealtimeHandlers extends Resumable {
  /** Only these symbols. */
  symbols?: string[];
  /** Begin after this id. */
  since?: string;
  onInstruments?: (instruments: Instrument[]) => void;
  onJoin?: (reply: RealtimeReply) => void;
  /** The state of each feed, at first and after each change. */
  onFeeds?: (feeds: FeedReport[]) => void;
  onTick?: (tick: Tick) => void;
  /** With this handler, ticks arrive packed and `onTick` is not called. */
  onPacked?: (ticks: PackedTicks) => void;
}

export interface InstrumentHandlers extends Resumable {
  onSnapshot?: (snapshot: Snapshot) => void;
  onTick?: (tick: Tick) => void;
  onQuote?: (quote: Quote) => void;
  /** The present trading status, at first and after each change. */
  onTradingStatus?: (status: TradingStatus) => void;
  onRefused?: (reason: string) => void;
}

export interface NewsHandlers {
  onLatest?: (headlines: Headline[]) => void;
  onHeadline?: (headline: Headline) => void;
}

/** The decoder of phoenix.js, which its types leave out. */
interface Decoding {
  decode: (raw: unknown, callback: (message: unknown) => void) => void;
}

/** The market application's topics over one stock phoenix.js socket. */
export class MarketFeed {
  status: Status = { state: "closed" };
  /** Time at which the message that is being handled arrived, in ms since the Unix epoch. */
  arrivedAt = 0;
  /** Messages that have arrived. */
  messages = 0;
  private readonly socket: Socket;
  private readonly listeners = new Set<(status: Status) => void>();

  /** Throws TypeError outside a browser if the options name no transport or no whole address. */
  constructor(options: FeedOptions) {
    checkSurroundings(options);
    this.socket = new Socket(options.url, {
      params: options.params ?? {},
      ...(options.authToken === undefined ? {} : { authToken: options.authToken }),
      heartbeatIntervalMs: HEARTBEAT_MS,
      reconnectAfterMs: (tries) => this.plan(tries),
      rejoinAfterMs: (tries) => backoff(tries, Math.random()),
      ...(options.transport === undefined
        ? {}
        : { transport: options.transport as new (endpoint: string) => object }),
    });
    this.stampArrivals();
    this.socket.onOpen(() => this.dispatch({ type: "open" }));
  }

  /** Call `listener` with the connection's state, now and at every change. */
  onStatus(listener: (status: Status) => void): void {
    this.listeners.add(listener);
    listener(this.status);
  }

  connect(): void {
    this.dispatch({ type: "start" });
    this.socket.connect();
  }

  close(): void {
    this.dispatch({ type: "stop" });
    this.socket.disconnect();
  }

  /** `market:realtime`: every trade of every instrument. */
  realtime(handlers: RealtimeHandlers): TopicSubscription<RealtimeReply> {
    const cursor = new Cursor(handlers.since, handlers.resumeWithinMs);
    return new TopicSubscription<RealtimeReply>(this.socket, "market:realtime", {
      params: () => ({
        ...cursor.params(),
        ...(handlers.symbols && { symbols: handlers.symbols }),
        ...(handlers.onPacked && { encoding: "binary", header: 2 }),
      }),
      onJoin: (reply) => {
        resume(cursor, reply, handlers);
        handlers.onInstruments?.(reply.instruments);
        handlers.onFeeds?.(reply.feeds ?? []);
        handlers.onJoin?.(reply);
      },
      events: {
        tick: (tick: Tick) => {
          cursor.moved(tick.id);
          handlers.onTick?.(tick);
        },
        ticks: (payload: ArrayBuffer) => {
          const packed = decodeTicks(payload);
          cursor.movedTo(packed);
          handlers.onPacked?.(packed);
        },
        instruments: (reply: RealtimeReply) => handlers.onInstruments?.(reply.instruments),
        feeds: ({ feeds }: { feeds: FeedReport[] }) => handlers.onFeeds?.(feeds),
        bookmark: ({ id }: { id: string }) => cursor.moved(id),
        gap: (gap: Missed) => handlers.onGap?.(gap),
        status: (delivery: Delivery) => handlers.onDelivery?.(delivery),
      },
    });
  }

  /** `market:<SYMBOL>`: trades and top of book of one instrument. */
  instrument(symbol: string, handlers: InstrumentHandlers): TopicSubscription<InstrumentReply> {
    const cursor = new Cursor(null, handlers.resumeWithinMs);
    const { onRefused } = handlers;
    return new TopicSubscription<InstrumentReply>(this.socket, `market:${symbol}`, {
      params: () => cursor.params(),
      onJoin: (reply) => {
        resume(cursor, reply, handlers);
        handlers.onSnapshot?.(reply.snapshot);
        if (reply.status) handlers.onTradingStatus?.(reply.status);
      },
      ...(onRefused && { onRefused }),
      events: {
        tick: (tick: Tick) => {
          cursor.moved(tick.id);
          handlers.onTick?.(tick);
        },
        quote: (quote: Quote) => {
          cursor.moved(quote.id);
          handlers.onQuote?.(quote);
        },
        status: (status: TradingStatus | Delivery) => {
          if ("state" in status) handlers.onDelivery?.(status);
          else handlers.onTradingStatus?.(status);
        },
        bookmark: ({ id }: { id: string }) => cursor.moved(id),
        gap: (gap: Missed) => handlers.onGap?.(gap),
      },
    });
  }

  /** `stats:<SYMBOL>`: the statistics, the trading status and the auction of one instrument. */
  stats(symbol: string, handlers: StatsHandlers): TopicSubscription<StatsReply> {
    return subscribeStats(this.socket, symbol, handlers);
  }

  /** `book:<SYMBOL>`: the ten best levels of each side of the order book. */
  book(symbol: string, handlers: BookHandlers): TopicSubscription<BookReply> {
    return subscribeBook(this.socket, symbol, handlers);
  }

  /** `quotes:<SYMBOL>`: the top of book of each publisher, where there are several. */
  publisherQuotes(
    symbol: string,
    handlers: PublisherQuotesHandlers,
  ): TopicSubscription<PublisherQuotesReply> {
    return subscribePublisherQuotes(this.socket, symbol, handlers);
  }

  /** `candles:<SYMBOL>:<interval>`: history, then each change of the running bar. */
  candles(symbol: string, interval: string, handlers: CandlesHandlers): CandlesSubscription {
    return new CandlesSubscription(this.socket, symbol, interval, handlers);
  }

  /** `news:headlines`. */
  news(handlers: NewsHandlers): TopicSubscription<{ headlines: Headline[] }> {
    return new TopicSubscription(this.socket, "news:headlines", {
      onJoin: (reply) => handlers.onLatest?.(reply.headlines),
      events: { headline: (headline: Headline) => handlers.onHeadline?.(headline) },
    });
  }

  /** `signals:<SYMBOL>`, or `signals:all`: anomalies, patterns and signals of the models. */
  signals(symbol: string, handlers: SignalHandlers): TopicSubscription<{ signals: SignalEvent[] }> {
    const take = (event: string) => (payload: object) =>
      handlers.onSignal?.({ event, ...payload } as SignalEvent);
    return new TopicSubscription(this.socket, `signals:${symbol}`, {
      onJoin: (reply) => handlers.onLatest?.(reply.signals),
      events: { signal: take("signal"), anomaly: take("anomaly"), pattern: take("pattern") },
    });
  }

  /** `pipeline:trace`: the latency of sampled ticks, hop by hop. */
  trace(handlers: TraceHandlers): TraceFeed {
    return new TraceFeed(this.socket, handlers, () => this.arrivedAt);
  }

  /** `pipeline:health`: the state of the processes, and the times of the hops. */
  health(onHealth: (report: HealthReport) => void): TopicSubscription<HealthReport> {
    return new TopicSubscription(this.socket, "pipeline:health", {
      onJoin: onHealth,
      events: { health: onHealth },
    });
  }

  /** Keep the time at which each message arrives, before it is decoded. */
  private stampArrivals(): void {
    const socket = this.socket as Socket & Decoding;
    const decode = socket.decode;
    socket.decode = (raw, callback) => {
      this.arrivedAt = preciseNow();
      this.messages++;
      decode.call(socket, raw, callback);
    };
  }

  /**
   * phoenix.js calls this for its delay, which is also when the loss of the connection becomes
   * known.
   */
  private plan(tries: number): number {
    const wait = backoff(tries, Math.random());
    this.dispatch({ type: "drop", retryAt: Date.now() + wait, tries });
    return wait;
  }

  private dispatch(event: StatusEvent): void {
    this.status = nextStatus(this.status, event);
    for (const listener of this.listeners) listener(this.status);
  }
}

function checkSurroundings({ url, transport }: FeedOptions): void {
  if (transport === undefined && globalThis.WebSocket === undefined) {
    throw new TypeError(
      "There is no WebSocket here, as in Node before 22: pass the class of the package ws, new MarketFeed({ url, transport: WebSocket }).",
    );
  }
  if (globalThis.location === undefined && !/^wss?:/.test(url)) {
    throw new TypeError(
      `Outside a browser url must be whole, such as "ws://127.0.0.1:4000/socket", not "${url}".`,
    );
  }
}

function resume(cursor: Cursor, reply: RealtimeReply | InstrumentReply, handlers: Resumable): void {
  const recovery = cursor.joined(reply);
  if (recovery !== null) handlers.onRecovery?.(recovery);
}
