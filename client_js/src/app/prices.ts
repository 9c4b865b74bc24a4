import { padDecimals } from "../format/decimal";
import type { Zone } from "../format/zone";
import type { Journey } from "../pipeline/journey";
import { Header } from "./header";
import { SessionStats } from "./session-stats";
import type { SymbolState } from "./symbols";
import { Tape } from "./tape";
import type { WatchList } from "./watch-list";

/** Everything besides the chart that shows the last price: always drawn together. */
export class Prices {
  readonly header = new Header();
  readonly sessionStats = new SessionStats();
  readonly tape: Tape;

  /** `onFollow` is called with the way of a traced trade that the user clicks. */
  constructor(
    private readonly watch: WatchList,
    onFollow: (journey: Journey) => void,
  ) {
    this.tape = new Tape(onFollow);
  }

  /** Forget the symbol that was shown. */
  clear(): void {
    this.header.clear();
    this.sessionStats.clear();
    this.tape.clear();
  }

  /** Show one state of the market; `now` in ms of a steady clock. */
  render(state: SymbolState | undefined, zone: Zone, now: number): void {
    this.watch.render(now);
    if (state === undefined) return;
    this.header.render(state);
    this.sessionStats.render(state.decimals);
    this.tape.render(state.decimals, zone);
    const title = titleOf(state);
    if (document.title !== title) document.title = title;
  }
}

/** The window's title: the last price with all its decimals, and the symbol. */
export function titleOf({ symbol, last, decimals }: SymbolState): string {
  return last === null ? symbol : `${padDecimals(last, decimals)} ${symbol}`;
}
