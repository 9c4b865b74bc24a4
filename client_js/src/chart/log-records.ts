import type { CandleStore } from "../store/candle-store";
import { RECORD_FLOATS } from "../store/column";
import { type PriceMapping, toRecord } from "./price-mapping";
import type { Records } from "./renderers/renderer";

/** A share of a number by which its 32-bit float certainly changes. */
const NUDGE = 2 ** -23;
const LEAST = 2 ** -126;

/** The candles as the renderers take them on a log scale: the store's records with mapped prices. */
export class LogRecords {
  private data = new Float32Array();

  /** Map records `from` to `to` (exclusive); the others are as they were. */
  map(store: CandleStore, mapping: PriceMapping, from: number, to: number): Records {
    const { count, open, high, low, close, volume } = store;
    this.reserve(count);
    const { data } = this;
    for (let i = from, at = from * RECORD_FLOATS; i < Math.min(to, count); i++) {
      const opened = toRecord(mapping, open.at(i));
      const closed = toRecord(mapping, close.at(i));
      // A candle that fell by less than the precision there is still drawn as falling.
      const isHidden = close.at(i) < open.at(i) && closed >= opened;
      data[at] = opened;
      data[at + 1] = toRecord(mapping, high.at(i));
      data[at + 2] = toRecord(mapping, low.at(i));
      data[at + 3] = isHidden ? below(opened) : closed;
      data[at + 4] = volume.at(i);
      at += RECORD_FLOATS;
    }
    return { data, count };
  }

  private reserve(count: number): void {
    const wanted = count * RECORD_FLOATS;
    if (wanted <= this.data.length) return;
    const longer = new Float32Array(Math.max(wanted, this.data.length * 2));
    longer.set(this.data);
    this.data = longer;
  }
}

/** A 32-bit float below another, as near as can be said without looking at its bits. */
function below(value: number): number {
  return Math.fround(value - Math.max(Math.abs(value) * NUDGE, LEAST));
}
