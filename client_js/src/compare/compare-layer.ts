import type { Sight } from "../chart/geometry";
import type { ChartLayer, LayerFrame, PriceLabel } from "../chart/layers";
import { columnsOf, PlotPainter, reduce, valueScaleOf } from "../chart/plots";
import { snapOut } from "../chart/sub-panes";
import { percent } from "../format/decimal";
import type { CandleStore } from "../store/candle-store";
import type { Extent } from "../store/range-index";
import { baseOf, changeSince, closesAt, rebased } from "./rebase";

/** A symbol that is compared with the chart's own. */
export interface ComparedLine {
  readonly symbol: string;
  readonly store: CandleStore;
  /** "#rrggbb" */
  readonly color: string;
}

/** A line as of the last frame. */
interface Drawn {
  line: ComparedLine;
  /** The close that its changes are counted from; NaN if it has none in sight. */
  base: number;
}

/**
 * Draws other symbols over the candles: each where the chart's own price would be if it had changed
 * by the same share since the first candle in sight.
 */
export class CompareLayer implements ChartLayer {
  lines: readonly ComparedLine[] = [];
  private drawn: readonly Drawn[] = [];
  private own: CandleStore | null = null;
  /** The close of the chart's first candle in sight, in units. */
  private reference = 0;

  stretch(extent: Extent, { store, first, last, mapping }: Sight): Extent {
    const found = this.extent(store, first, last);
    if (found === null) return extent;
    const [low, high] = [found.low, found.high].map((units) => mapping.toPosition(units));
    return {
      // A log scale has no place for prices of 0 and below.
      low: Number.isFinite(low) ? Math.min(extent.low, low) : extent.low,
      high: Number.isFinite(high) ? Math.max(extent.high, high) : extent.high,
    };
  }

  /** Prices, in the chart's units, that the lines over candles `first` to `last` (exclusive) reach. */
  extent(store: CandleStore, first: number, last: number): Extent | null {
    const reference = store.close.at(first);
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (const line of this.lines) {
      const closes = closesAt(line.store, store.time, first, last);
      const base = baseOf(closes, 0);
      for (const close of closes) {
        const price = rebased(reference, changeSince(base, close));
        if (price < low) low = price;
        if (price > high) high = price;
      }
    }
    return low <= high ? snapOut({ low, high }, high - low) : null;
  }

  draw(frame: LayerFrame): void {
    const { store, geometry, ratio } = frame.coordinates;
    this.own = store;
    if (store.count === 0) {
      this.drawn = [];
      return;
    }
    const { per, first } = geometry;
    const columns = columnsOf(geometry, store.count, ratio);
    const from = columns.first * per;
    const to = Math.min(columns.last * per, store.count);
    this.reference = store.close.at(Math.min(first * per, store.count - 1));
    const scale = valueScaleOf(geometry, 1, frame.height);
    const painter = new PlotPainter(columns, scale, frame.palette.background);
    const places = Int32Array.from({ length: Math.max(to - from, 0) }, (_, i) => i);
    this.drawn = this.lines.map((line) => {
      const closes = closesAt(line.store, store.time, from, to);
      const base = baseOf(closes, first * per - from);
      const values = closes.map((close) => rebased(this.reference, changeSince(base, close)));
      const plot = { label: "", values, color: line.color };
      painter.paint(frame.over, plot, reduce(plot, places, per));
      return { line, base };
    });
  }

  /** Each line's change at the newest candle. */
  priceLabels(): PriceLabel[] {
    const { own } = this;
    if (own === null || own.count === 0) return [];
    const newest = own.time[own.count - 1];
    return this.drawn.flatMap(({ line, base }) => {
      const change = changeAt(line, base, newest);
      if (Number.isNaN(change)) return [];
      const price = rebased(this.reference, change) / 10 ** own.decimals;
      return [{ price, text: percent(change), color: line.color }];
    });
  }

  /** The changes until a time, as text; "—" where there is none. */
  readings(time: number): { symbol: string; color: string; text: string }[] {
    return this.drawn.map(({ line, base }) => {
      const change = changeAt(line, base, time);
      const { symbol, color } = line;
      return { symbol, color, text: Number.isNaN(change) ? "—" : percent(change) };
    });
  }
}

function changeAt({ store }: ComparedLine, base: number, time: number): number {
  const at = store.lastAt(time);
  return at < 0 ? Number.NaN : changeSince(base, store.close.at(at));
}
