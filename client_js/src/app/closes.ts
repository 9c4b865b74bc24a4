import { INTERVALS } from "../schema";

/** The interval of a sparkline's candles, and how many it shows. */
export const SPARK_INTERVAL = "15m" as const;
export const SPARK_CANDLES = 32;

/** The latest closes of one symbol, for its sparkline. */
export class Closes {
  readonly prices: number[] = [];
  private bucket = Number.NEGATIVE_INFINITY;

  /** Replace all by candles, oldest first. */
  reset(candles: readonly (readonly [time: number, price: number])[]): void {
    this.prices.length = 0;
    this.bucket = Number.NEGATIVE_INFINITY;
    for (const [time, price] of candles) this.add(time, price);
  }

  /** Add a trade: it moves the newest close, or begins the next candle. */
  add(time: number, price: number): void {
    const bucket = Math.floor(time / INTERVALS[SPARK_INTERVAL]);
    if (bucket < this.bucket) return;
    if (bucket > this.bucket || this.prices.length === 0) this.prices.push(price);
    else this.prices[this.prices.length - 1] = price;
    if (this.prices.length > SPARK_CANDLES) this.prices.shift();
    this.bucket = bucket;
  }

  /** The line through the closes as an SVG path that fills a box, with `pad` left free around it. */
  path(width: number, height: number, pad = 1): string {
    const { prices } = this;
    if (prices.length < 2) return "";
    const low = Math.min(...prices);
    const span = Math.max(...prices) - low;
    const step = (width - 2 * pad) / (prices.length - 1);
    const points = prices.map((price, index) => {
      const share = span === 0 ? 0.5 : (price - low) / span;
      return `${(pad + index * step).toFixed(1)} ${(height - pad - share * (height - 2 * pad)).toFixed(1)}`;
    });
    return `M${points.join("L")}`;
  }
}
