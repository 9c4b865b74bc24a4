import type { Instrument, Tick } from "../feed/payloads";
import { decimalsOf } from "../format/decimal";
import type { Zone } from "../format/zone";
import { Closes } from "./closes";

/** The state of one symbol, as the lists show it. Prices are exact decimal strings. */
export interface SymbolState {
  symbol: string;
  /** The symbol without the number of its feed: `ESU4` of `2/ESU4`. */
  name: string;
  /** The venue's own name if it is another one, such as `ESU4` for `ES.c.0`; otherwise empty. */
  raw: string;
  tickSize: string;
  /** The venue and its time zone; null if they are not known. */
  venue: string | null;
  timeZone: Zone | null;
  /** Digits to show after the point. */
  decimals: number;
  last: string | null;
  /** True if the last change of price was up, null before the first. */
  rising: boolean | null;
  /** The close of the day before, or this day's open. */
  reference: string | null;
  /** Traded today; null if that is not known. */
  volume: number | null;
  /** The course of the price, for the sparkline. */
  closes: Closes;
}

/** A symbol's day so far. */
export interface DaySoFar {
  reference: string;
  last: string;
  volume: number;
}

/** The instruments and their last prices. */
export class SymbolStates {
  readonly symbols = new Map<string, SymbolState>();
  /** Symbols whose state changed since they were last shown. */
  readonly changed = new Set<string>();

  /** Update from the instrument table; returns whether symbols were added or removed. */
  setInstruments(instruments: readonly Instrument[]): boolean {
    const before = [...this.symbols.keys()].sort().join("\n");
    const gone = new Set(this.symbols.keys());
    for (const instrument of instruments) {
      gone.delete(instrument.symbol);
      this.add(instrument);
    }
    for (const symbol of gone) this.symbols.delete(symbol);
    return before !== [...this.symbols.keys()].sort().join("\n");
  }

  tick({ symbol, price, volume, timestamp }: Tick): void {
    const state = this.symbols.get(symbol);
    if (state === undefined) return;
    if (state.volume !== null) state.volume += volume;
    state.closes.add(timestamp, Number(price));
    this.changed.add(symbol);
    if (state.last === price) return;
    if (state.last !== null) state.rising = Number(price) > Number(state.last);
    state.last = price;
    state.decimals = Math.max(state.decimals, decimalsOf(price));
  }

  /** Update from daily candles: the reference price, and the last price if none is known yet. */
  setDay(symbol: string, { reference, last, volume }: DaySoFar): void {
    const state = this.symbols.get(symbol);
    if (state === undefined) return;
    state.reference = reference;
    state.volume = volume;
    state.last ??= last;
    state.decimals = Math.max(state.decimals, decimalsOf(state.last), decimalsOf(reference));
    this.changed.add(symbol);
  }

  /** Update from candles of the sparkline's interval, oldest first. */
  setCloses(symbol: string, closes: readonly (readonly [time: number, price: number])[]): void {
    this.symbols.get(symbol)?.closes.reset(closes);
    this.changed.add(symbol);
  }

  private add(instrument: Instrument): void {
    const { symbol, venue = null, time_zone: timeZone = null } = instrument;
    const name = symbol.replace(FEED, "");
    const raw = instrument.raw_symbol === name ? "" : (instrument.raw_symbol ?? "");
    const tickSize = instrument.tick_size ?? "0";
    const decimals = decimalsOf(tickSize);
    const known = this.symbols.get(symbol);
    if (known !== undefined) {
      if (known.raw !== raw) this.changed.add(symbol);
      Object.assign(known, { raw, tickSize, venue, timeZone });
      known.decimals = Math.max(known.decimals, decimals);
      return;
    }
    const unknown = { last: null, rising: null, reference: null, volume: null };
    const about = { symbol, name, raw, tickSize, venue, timeZone, decimals };
    this.symbols.set(symbol, { ...about, ...unknown, closes: new Closes() });
    this.changed.add(symbol);
  }
}

/** A symbol may have the number of its feed before it: `2/ESU4`. */
const FEED = /^\d+\//;

/** Change of `last` relative to `reference`, as a share; null if either is unknown. */
export function changeOf({
  last,
  reference,
}: Pick<SymbolState, "last" | "reference">): number | null {
  if (last === null || reference === null || Number(reference) === 0) return null;
  return (Number(last) - Number(reference)) / Math.abs(Number(reference));
}

/** Smaller changes are shown as 0.00 % and count as neither up nor down. */
const FLAT = 0.00005;

export function trendOf(change: number | null): "up" | "down" | "flat" {
  if (change === null || Math.abs(change) < FLAT) return "flat";
  return change < 0 ? "down" : "up";
}
