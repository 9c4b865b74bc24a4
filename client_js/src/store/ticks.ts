import type { CandleStore } from "./candle-store";
import { FIRST_MONDAY_MS } from "./intervals";
import type { Bounds } from "./trading-hours";
import {
  type DecimalInput,
  decimalText,
  roundTo,
  type TimeInput,
  timeOf,
  volumeOf,
} from "./values";

/** One trade. */
export interface TickInput {
  /** The instrument; a tick without one belongs to any chart. */
  symbol?: string;
  price: DecimalInput;
  /** 0 by default. */
  volume?: DecimalInput;
  time: TimeInput;
}

/** A tick that has been checked: its time in ms, its price as decimal text. */
interface Trade {
  time: number;
  price: string;
  volume: number;
}

/**
 * Folds ticks into the candles of a store.
 *
 * A tick belongs to the candle within whose interval its time falls; a later interval begins a new
 * candle. Intervals are of one length, in step with the candle before, or those of a market's
 * sessions. A late tick widens its candle and adds to its volume. Only within the newest candle may
 * it become the open, if it precedes the first tick, and it becomes the close only if no later tick
 * has come. A tick before the first candle of all has no candle and is ignored.
 */
export class TickFolder {
  /** Times of the first and last tick of the newest candle, where this folder has seen them. */
  private newest = { candle: Number.NaN, opened: 0, closed: 0 };

  /** `interval` is the length of a candle in ms, or where candles begin and end. */
  constructor(
    private readonly store: CandleStore,
    private readonly interval: number | Bounds,
  ) {}

  /**
   * Fold one tick; returns false if it precedes all candles. The price is rounded to the store's
   * tick size. Throws TypeError or RangeError that names the field, and then changes nothing.
   */
  fold(tick: TickInput): boolean {
    const { store } = this;
    const trade = checked(tick, store.tickSize);
    const start = this.candleOf(trade.time);
    const at = store.lastAt(start);
    if (at < 0 && store.count > 0) return false;
    if (at >= 0 && store.time[at] === start) this.amend(at, trade);
    else this.begin(start, at === store.count - 1, trade);
    return true;
  }

  /** The time of the candle that holds a time. */
  private candleOf(time: number): number {
    const { store, interval } = this;
    if (typeof interval !== "number") return interval.startOf(time);
    // Candles need not begin at multiples of the interval: those of a session begin with it.
    const before = store.lastAt(time);
    // Weeks begin on Mondays; shorter candles that divide a day are not affected.
    const origin = before < 0 ? FIRST_MONDAY_MS % interval : store.time[before];
    return origin + Math.floor((time - origin) / interval) * interval;
  }

  private begin(start: number, isNewest: boolean, { time, price, volume }: Trade): void {
    const { store } = this;
    store.apply({
      time: start,
      open: price,
      high: price,
      low: price,
      close: price,
      volume,
      trades: 1,
      vwap: price,
    });
    if (isNewest) this.newest = { candle: start, opened: time, closed: time };
  }

  private amend(at: number, { time, price, volume }: Trade): void {
    const { store } = this;
    const bar = store.bar(at);
    const notional = bar.volume && bar.volume * Number(bar.vwap);
    bar.volume += volume;
    bar.trades++;
    bar.vwap = `${(notional + Number(price) * volume) / bar.volume}`;
    // Each is exact as a double's text, so doubles tell them apart.
    if (+price > +bar.high) bar.high = price;
    if (+price < +bar.low) bar.low = price;
    if (at === store.count - 1) this.moveEnds(bar, time, price);
    store.apply(bar);
  }

  private moveEnds(
    bar: { time: number; open: string; close: string },
    time: number,
    price: string,
  ) {
    if (this.newest.candle !== bar.time) {
      // A candle that came whole: its open stands, and any tick is newer than its close.
      this.newest = { candle: bar.time, opened: Number.NEGATIVE_INFINITY, closed: time };
    }
    const { newest } = this;
    if (time >= newest.closed) {
      newest.closed = time;
      bar.close = price;
    }
    if (time < newest.opened) {
      newest.opened = time;
      bar.open = price;
    }
  }
}

function checked(tick: TickInput, tickSize: string): Trade {
  return {
    time: timeOf(tick.time),
    price: roundTo(decimalText(tick.price, "price"), tickSize),
    volume: volumeOf(tick.volume ?? 0),
  };
}
