import type { AlertBook } from "../alerts/alert-book";
import type { MarketFeed } from "../feed/feed";
import type { CandlesReply, CandleTuple } from "../feed/payloads";
import type { TopicSubscription } from "../feed/subscription";
import { INTERVALS } from "../schema";
import type { Interval } from "../store/intervals";
import type { Shown } from "./session";

/** The second is for a symbol whose candles of the first are shown: a topic is joined only once. */
const [USUAL, OTHER]: readonly Interval[] = ["1m", "5m"];
const LIMIT = 1500;
/** Another join of the same topic closes this one without a reply, hence a timeout. */
const GIVE_UP_MS = 5000;

/**
 * Hold the alerts that wait against the candles since their newest price, where the trades between
 * are gone. The candle in which the prices ended is judged by its close alone.
 */
export function checkMissed(feed: MarketFeed, book: AlertBook, shown: Shown): void {
  for (const [symbol, heard] of book.waiting) {
    if (heard === null) continue;
    const isShown = symbol === shown.symbol && shown.interval === USUAL;
    const interval = isShown ? OTHER : USUAL;
    const lengthMs = INTERVALS[interval];
    askFor(feed, symbol, interval, (candles) => hold(book, { symbol, heard, lengthMs }, candles));
  }
}

function askFor(
  feed: MarketFeed,
  symbol: string,
  interval: Interval,
  take: (candles: readonly CandleTuple[]) => void,
): void {
  let subscription: TopicSubscription<CandlesReply> | null = null;
  const finish = () => {
    clearTimeout(timer);
    subscription?.leave();
    subscription = null;
  };
  const timer = setTimeout(finish, GIVE_UP_MS);
  subscription = feed.candles(symbol, interval, {
    limit: LIMIT,
    onHistory: ({ candles }) => {
      take(candles);
      finish();
    },
    onRefused: finish,
  });
}

/** A symbol's newest price, in time, and the length of its candles; all in ms. */
interface Since {
  symbol: string;
  heard: number;
  lengthMs: number;
}

/** Process the candles after the time of the newest price. */
export function hold(
  book: AlertBook,
  { symbol, heard, lengthMs }: Since,
  candles: readonly CandleTuple[],
): void {
  for (const [time, , high, low, close] of candles) {
    if (time + lengthMs <= heard) continue;
    const last = Number(close);
    const isWhole = time > heard;
    const [most, least] = isWhole ? [Number(high), Number(low)] : [last, last];
    book.bar(symbol, { high: most, low: least, close: last, time });
  }
}
