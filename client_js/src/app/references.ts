import type { MarketFeed } from "../feed/feed";
import type { CandlesReply } from "../feed/payloads";
import type { TopicSubscription } from "../feed/subscription";
import { SPARK_CANDLES, SPARK_INTERVAL } from "./closes";
import type { Shown } from "./session";
import type { DaySoFar } from "./symbols";

const DAY = "1d" as const;
const RANK = { [DAY]: 0, [SPARK_INTERVAL]: 1 } as const;

/** The intervals of which the watch list needs candles. */
export type ReferenceInterval = keyof typeof RANK;

interface Request {
  symbol: string;
  interval: ReferenceInterval;
}

const keyOf = ({ symbol, interval }: Request) => `${symbol} ${interval}`;

const AT_ONCE = 4;
/**
 * Time after which a request gives way to others: another join of the same topic closes this one
 * without a reply. One that was slow comes again after them.
 */
const GIVE_UP_MS = 5000;

export interface ReferenceHandlers {
  onDay(symbol: string, day: DaySoFar): void;
  onCloses(symbol: string, closes: [time: number, price: number][]): void;
  /** Tell whether the page has joined these candles for another purpose. */
  isJoined(symbol: string, interval: ReferenceInterval): boolean;
}

/**
 * Requests the daily candles and those of the sparkline of many symbols, a few at a time, and
 * leaves each topic after its reply.
 */
export class References {
  private readonly waiting: Request[] = [];
  private readonly asked = new Set<string>();
  /** Requests under way whose reply is still wanted, by key. */
  private readonly wanted = new Map<string, Request>();
  private running = 0;

  constructor(
    private readonly feed: MarketFeed,
    private readonly handlers: ReferenceHandlers,
  ) {}

  /** Request the candles of `symbol` in `intervals`, each once. */
  want(symbol: string, intervals: readonly ReferenceInterval[] = [DAY, SPARK_INTERVAL]): void {
    for (const interval of intervals) {
      const request: Request = { symbol, interval };
      if (this.asked.has(keyOf(request))) continue;
      this.asked.add(keyOf(request));
      this.waiting.push(request);
    }
    // Prices of all symbols come before the sparklines of any.
    this.waiting.sort((a, b) => RANK[a.interval] - RANK[b.interval]);
    this.next();
  }

  /** Skip what is joined elsewhere: a socket can join a topic only once. */
  private have(symbol: string, interval: ReferenceInterval): void {
    const key = keyOf({ symbol, interval });
    this.asked.add(key);
    this.wanted.delete(key);
    const at = this.waiting.findIndex((request) => keyOf(request) === key);
    if (at >= 0) this.waiting.splice(at, 1);
  }

  /** Skip what the page has joined for the symbol that it shows. */
  haveShown({ symbol, interval }: Shown): void {
    if (symbol === null) return;
    this.have(symbol, DAY);
    if (interval === SPARK_INTERVAL) this.have(symbol, interval);
  }

  /** Request the candles of all `symbols` again: trades between have been lost. */
  refresh(shown: Shown, symbols: Iterable<string>): void {
    this.forget();
    this.haveShown(shown);
    for (const symbol of symbols) this.want(symbol);
  }

  /** Forget all requests: a new epoch has begun. */
  forget(): void {
    this.asked.clear();
    this.wanted.clear();
    this.waiting.length = 0;
  }

  /** Take candles that the page has got for another purpose, oldest first. */
  take(symbol: string, interval: string, candles: CandlesReply["candles"]): void {
    if (interval !== DAY && interval !== SPARK_INTERVAL) return;
    this.asked.add(keyOf({ symbol, interval }));
    this.wanted.delete(keyOf({ symbol, interval }));
    this.tell({ symbol, interval }, candles.slice(-SPARK_CANDLES));
  }

  private next(): void {
    while (this.running < AT_ONCE) {
      const request = this.waiting.shift();
      if (request === undefined) return;
      if (this.handlers.isJoined(request.symbol, request.interval)) continue;
      this.running++;
      this.ask(request);
    }
  }

  private ask(request: Request): void {
    let subscription: TopicSubscription<CandlesReply> | null = null;
    let done = false;
    const key = keyOf(request);
    this.wanted.set(key, request);
    const isWanted = () => this.wanted.get(key) === request;
    const finish = () => {
      if (done) return;
      done = true;
      if (isWanted()) this.wanted.delete(key);
      this.running--;
      subscription?.leave();
      this.next();
    };
    const { symbol, interval } = request;
    subscription = this.feed.candles(symbol, interval, {
      limit: interval === DAY ? 2 : SPARK_CANDLES,
      onHistory: ({ candles }) => {
        // A symbol that has not traded has no candles yet, and may be requested again.
        if (candles.length === 0) this.asked.delete(key);
        else this.tell(request, candles);
        finish();
      },
      onRefused: finish,
    });
    setTimeout(() => {
      if (isWanted()) this.waiting.push(request);
      finish();
    }, GIVE_UP_MS);
  }

  private tell({ symbol, interval }: Request, candles: CandlesReply["candles"]): void {
    if (interval === SPARK_INTERVAL) {
      this.handlers.onCloses(
        symbol,
        candles.map(([time, , , , close]) => [time, Number(close)]),
      );
      return;
    }
    const day = dayOf(candles);
    if (day !== null) this.handlers.onDay(symbol, day);
  }
}

/** The day so far from the latest daily candles; null if there is none. */
export function dayOf(candles: CandlesReply["candles"]): DaySoFar | null {
  const today = candles[candles.length - 1];
  if (today === undefined) return null;
  const before = candles[candles.length - 2];
  const reference = before === undefined ? today[1] : before[4];
  return { reference, last: today[4], volume: today[5] };
}
