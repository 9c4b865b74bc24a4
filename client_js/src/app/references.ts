import type { MarketFeed } from "../feed/feed";
import type { CandlesReply } from "../feed/payloads";
import type { TopicSubscription } from "../feed/subscription";

const AT_ONCE = 4;
/** Another join of the same topic closes this one without a reply, hence a timeout. */
const GIVE_UP_MS = 5000;

/**
 * Requests the daily candles of many symbols, a few at a time, and leaves each topic after its
 * reply.
 */
export class References {
  private readonly waiting: string[] = [];
  private readonly asked = new Set<string>();
  private running = 0;

  constructor(
    private readonly feed: MarketFeed,
    private readonly onDay: (symbol: string, reference: string, last: string) => void,
  ) {}

  /** Request the reference price of `symbol`, once. */
  want(symbol: string): void {
    if (this.asked.has(symbol)) return;
    this.asked.add(symbol);
    this.waiting.push(symbol);
    this.next();
  }

  /** Skip `symbol`: its reference price is already known. */
  have(symbol: string): void {
    this.asked.add(symbol);
    const at = this.waiting.indexOf(symbol);
    if (at >= 0) this.waiting.splice(at, 1);
  }

  /** Forget all requests: a new epoch has begun. */
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
    let subscription: TopicSubscription<CandlesReply> | null = null;
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
        // A symbol that has not traded has no daily candle yet, and may be requested again.
        else this.asked.delete(symbol);
        finish();
      },
      onRefused: finish,
    });
    setTimeout(finish, GIVE_UP_MS);
  }
}

/** Reference and last price from the latest daily candle; null if there is none. */
export function dayOf(
  candles: CandlesReply["candles"],
): { reference: string; last: string } | null {
  const today = candles[candles.length - 1];
  if (today === undefined) return null;
  const before = candles[candles.length - 2];
  return { reference: before === undefined ? today[1] : before[4], last: today[4] };
}
