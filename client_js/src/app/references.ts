import type { MarketFeed } from "../feed/feed";
import type { CandlesReply } from "../feed/payloads";
import type { Subscription } from "../feed/subscription";

const AT_ONCE = 4;
/** A join of the same topic elsewhere closes the one here without an answer. */
const GIVE_UP_MS = 5000;

/** Asks for the day candles of many symbols, a few at a time; each topic is left once answered. */
export class References {
  private readonly waiting: string[] = [];
  private readonly asked = new Set<string>();
  private running = 0;

  constructor(
    private readonly feed: MarketFeed,
    private readonly onDay: (symbol: string, reference: string, last: string) => void,
  ) {}

  /** Ask for `symbol` unless that was done before. */
  want(symbol: string): void {
    if (this.asked.has(symbol)) return;
    this.asked.add(symbol);
    this.waiting.push(symbol);
    this.next();
  }

  /** The reference of `symbol` comes from elsewhere. */
  have(symbol: string): void {
    this.asked.add(symbol);
    const at = this.waiting.indexOf(symbol);
    if (at >= 0) this.waiting.splice(at, 1);
  }

  /** Forget what was asked: the data set is another. */
  forget(): void {
    this.asked.clear();
    this.waiting.length = 0;
  }

  private next(): void {
    while (this.running < AT_ONCE) {
      const symbol = this.waiting.shift();
      if (symbol === undefined) return;
      this.running++;
      this.ask(symbol);
    }
  }

  private ask(symbol: string): void {
    let subscription: Subscription<CandlesReply> | null = null;
    let done = false;
    const finish = () => {
      if (done) return;
      done = true;
      this.running--;
      subscription?.leave();
      this.next();
    };
    subscription = this.feed.candles(symbol, "1d", {
      limit: 2,
      onHistory: ({ candles }) => {
        const day = dayOf(candles);
        if (day !== null) this.onDay(symbol, day.reference, day.last);
        // A symbol without a trade has no day yet; it may be asked for again.
        else this.asked.delete(symbol);
        finish();
      },
      onRefused: finish,
    });
    setTimeout(finish, GIVE_UP_MS);
  }
}

/** Reference and last price of the newest day; null without candles. */
export function dayOf(
  candles: CandlesReply["candles"],
): { reference: string; last: string } | null {
  const today = candles[candles.length - 1];
  if (today === undefined) return null;
  const before = candles[candles.length - 2];
  return { reference: before === undefined ? today[1] : before[4], last: today[4] };
}
