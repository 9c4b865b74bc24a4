import type { ChartLayer, LayerFrame } from "../chart/layers";
import { packColor } from "../chart/rect-batch";
import { INTERVALS } from "../schema";
import { ALWAYS, boundsOf, type TradingHours } from "../store/trading-hours";

/** Least distance of breaks on the average, in CSS pixels: closer ones are all left out. */
const LEAST_PX = 24;
/** Length of the dashes, and from one to the next, in CSS pixels. */
const DASH_PX = 3;
const PERIOD_PX = 9;

/** Lines where a session ends and the next begins, on a chart of shorter candles. */
export class SessionBreaks implements ChartLayer {
  private hours = ALWAYS;
  private days = boundsOf("1d", ALWAYS);

  /** `hoursNow` gives the trading hours of the instrument shown. */
  constructor(private readonly hoursNow: () => TradingHours) {}

  draw({ under, coordinates, palette, width, height }: LayerFrame): void {
    const { geometry, intervalMs, ratio } = coordinates;
    if (intervalMs >= INTERVALS["1d"]) return;
    this.follow(this.hoursNow());
    const { per, first, last } = geometry;
    const columns = this.breaks(coordinates.store, first * per, last * per).map((index) =>
      Math.round(((coordinates.indexToX(index - 1) + coordinates.indexToX(index)) / 2) * ratio),
    );
    if (columns.length * LEAST_PX * ratio > width) return;
    const thickness = Math.max(Math.round(ratio), 1);
    const color = packColor(palette.axisText);
    const dash = Math.round(DASH_PX * ratio);
    for (const column of columns) {
      for (let y = 0; y < height; y += Math.round(PERIOD_PX * ratio)) {
        under.push(column, y, thickness, Math.min(dash, height - y), color);
      }
    }
  }

  /** The first candle of each session among those from `first` to `last`, exclusive. */
  private breaks(store: LayerFrame["coordinates"]["store"], first: number, last: number): number[] {
    const { days } = this;
    const found: number[] = [];
    const end = Math.min(last, store.count);
    let index = Math.max(first - 1, 0);
    while (index < end) {
      index = store.lowerBound(days.end(days.startOf(store.time[index])));
      if (index < end && index >= first) found.push(index);
    }
    return found;
  }

  private follow(hours: TradingHours): void {
    if (hours === this.hours) return;
    this.hours = hours;
    this.days = boundsOf("1d", hours);
  }
}
