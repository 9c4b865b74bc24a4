import { padDecimals } from "../format/decimal";
import type { Zone } from "../format/zone";
import type { Journey } from "../pipeline/journey";
import type { MarketClock } from "../store/market-clock";
import { Header } from "./header";
import { OnDemand } from "./on-demand";
import type { SessionStats } from "./session-stats";
import type { SymbolState } from "./symbols";
import { Tape } from "./tape";
import type { WatchList } from "./watch-list";

/** Everything besides the chart that shows the last price: always drawn together. */
export class Prices {
  readonly header = new Header();
  readonly sessionStats: OnDemand<SessionStats>;
  readonly tape: Tape;

  /** `onFollow` is called with the way of a traced trade that the user clicks. */
  constructor(
    private readonly watch: WatchList,
    clock: MarketClock,
    onFollow: (journey: Journey) => void,
    onFailure: (reason: string) => void,
  ) {
    this.tape = new Tape(onFollow);
    this.sessionStats = new OnDemand(
      async () => new (await import("./session-stats")).SessionStats(clock),
      "The session's statistics cannot be shown",
      onFailure,
    );
  }

  /** Forget the symbol that was shown. */
  clear(): void {
    this.header.clear();
    this.sessionStats.use((shown) => shown.clear());
    this.tape.clear();
  }

  /** Show one state of the market; `now` in ms of a steady clock. */
  render(state: SymbolState | undefined, zone: Zone, now: number): void {
    this.watch.render(now);
    if (state === undefined) return;
    this.header.render(state);
    this.sessionStats.now?.render(state.decimals, zone);
    this.tape.render(state.decimals, zone);
    const title = titleOf(state);
    if (document.title !== title) document.title = title;
  }
}

/** The window's title: the last price with all its decimals, and the symbol. */
export function titleOf({ symbol, last, decimals }: SymbolState): string {
  return last === null ? symbol : `${padDecimals(last, decimals)} ${symbol}`;
}
