import { barOf } from "../feed/bar-of";
import type { CandlesSubscription } from "../feed/candles";
import type { CandleStore } from "../store/candle-store";

const PAGE_CANDLES = 2000;
/** After a failure, the time before the next request, in ms. */
const RETRY_MS = 3000;
/** Candles left of the pane's edge below which older ones are requested. */
const MARGIN_CANDLES = 200;

/**
 * State of the candles before those loaded: `more` if there are, `beginning` if the first that the server
 * has is loaded, `full` if the store has no room for more.
 */
export type OlderState = "more" | "loading" | "beginning" | "full";

/** The candles before those of a store, loaded page by page as the chart nears them. */
export class OlderCandles {
  state: OlderState = "beginning";
  private retryAt = 0;

  constructor(
    private readonly store: CandleStore,
    private readonly subscription: Pick<CandlesSubscription, "before">,
    private readonly onChange: () => void,
  ) {}

  /** The store was filled anew; `more` tells whether there are older candles. */
  restart(more: boolean): void {
    this.state = more ? "more" : "beginning";
    this.retryAt = 0;
  }

  /** The chart shows the candles from index `left` on, `visible` of them. */
  near(left: number, visible: number, now = performance.now()): void {
    if (left < Math.max(MARGIN_CANDLES, visible / 2) && now >= this.retryAt) void this.load();
  }

  /** Load one page, unless one is on its way or there is none; resolves once it is in the store. */
  async load(): Promise<void> {
    if (this.state !== "more" || this.store.count === 0) return;
    this.state = "loading";
    this.onChange();
    try {
      const page = await this.subscription.before(this.store.time[0], PAGE_CANDLES);
      const added = this.store.prepend(page.candles.map(barOf));
      this.state = added < page.candles.length ? "full" : page.more ? "more" : "beginning";
    } catch {
      // A history that came meanwhile has begun anew. After any other failure, try again.
      if (this.state !== "loading") return;
      this.state = "more";
      this.retryAt = performance.now() + RETRY_MS;
    }
    this.onChange();
  }
}
