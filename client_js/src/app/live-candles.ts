import type { Tick } from "../feed/payloads";
import { isAfter, isSameEpoch } from "../feed/position";
import type { Bar, CandleStore } from "../store/candle-store";
import { TickFolder } from "../store/ticks";
import type { Bounds } from "../store/trading-hours";

/** Trades kept for those that a candle may not hold yet, and candles whose positions are. */
const KEPT_TRADES = 500;
const KEPT_CANDLES = 8;

/**
 * Candles that follow each trade at once: the server sends a running candle a few times a second,
 * and the trades after it are folded in here, each once, until its next state takes their place.
 */
export class LiveCandles {
  private readonly folder: TickFolder;
  private trades: Tick[] = [];
  /** The position that the history holds; null before the first. */
  private history: string | null = null;
  /** The positions that candles sent since then hold, by their time. */
  private readonly positions = new Map<number, string>();

  constructor(
    readonly store: CandleStore,
    private readonly bounds: Bounds,
  ) {
    this.folder = new TickFolder(store, bounds);
  }

  /** Replace all candles by those that the server has up to a position. */
  reset(bars: readonly Bar[], position: string): void {
    this.store.reset(bars);
    this.history = position;
    this.positions.clear();
    this.trades = this.trades.filter(
      ({ id }) => isSameEpoch(id, position) && isAfter(id, position),
    );
    for (const tick of this.trades) this.fold(tick);
  }

  /** Take a candle as the server has it at a position. */
  apply(bar: Bar, position: string): void {
    this.store.apply(bar);
    this.positions.set(bar.time, position);
    const [oldest] = this.positions.keys();
    if (this.positions.size > KEPT_CANDLES && oldest !== undefined) this.positions.delete(oldest);
    for (const tick of this.trades) {
      if (this.candleOf(tick) === bar.time && isAfter(tick.id, position)) this.fold(tick);
    }
  }

  /** Fold in a trade, unless its candle holds it already. */
  trade(tick: Tick): void {
    const position = this.positions.get(this.candleOf(tick)) ?? this.history;
    if (position === null || !isAfter(tick.id, position)) return;
    this.trades.push(tick);
    if (this.trades.length > KEPT_TRADES) this.trades.shift();
    this.fold(tick);
  }

  private candleOf({ timestamp }: Tick): number {
    return this.bounds.startOf(timestamp);
  }

  private fold(tick: Tick): void {
    const { price, volume, timestamp } = tick;
    this.folder.fold({ price, volume, time: timestamp });
  }
}
