import { el, moveTo, setText } from "../dom";
import { MarketClock } from "../store/market-clock";
import type { TimeInput } from "../store/values";
import type { Coordinates } from "./coordinates";
import css from "./countdown.css?inline";
import type { ChartLayer, LayerFrame } from "./layers";
import { addStyles } from "./style-sheet";

const SECOND_MS = 1000;
/** Distance of the label's middle from that of the last price's, in CSS pixels. */
const BELOW_PX = 18;

/** A feed's clock. */
export interface FeedClock {
  /** The feed's time, ms since the Unix epoch; null if it is not known, or stands still. */
  now(): number | null;
}

/**
 * The label that counts down to the close of the running candle, at the last price. Candles of a
 * second or less have none.
 */
export class Countdown implements ChartLayer {
  private readonly element = el("div", "axis-label label-countdown", { "aria-hidden": "true" });
  private coordinates: Coordinates | null = null;
  private height = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** The clock of the ticks heard here. */
  private readonly own = new MarketClock();

  private readonly clock: FeedClock;

  /**
   * `closeOf` tells when the candle of a time closes. Without `clock` the time is that of the ticks
   * heard here.
   */
  constructor(
    parent: HTMLElement,
    private readonly closeOf: (start: number) => number,
    clock?: FeedClock,
  ) {
    this.clock = clock ?? this.own;
    addStyles(css);
    this.element.hidden = true;
    parent.append(this.element);
  }

  draw({ coordinates, height }: LayerFrame): void {
    this.coordinates = coordinates;
    this.height = height / coordinates.ratio;
    this.show();
  }

  /** A tick of the chart's symbol has come. */
  hear(time: TimeInput): void {
    this.own.hear(time);
  }

  private show(): void {
    const { element } = this;
    const left = this.left();
    const y = this.lastY();
    element.hidden = left === null || y === null;
    if (left !== null && y !== null) {
      setText(element, countdownText(left));
      // Above the last price where there is no room below it.
      moveTo(element, 0, y + (y + BELOW_PX > this.height ? -BELOW_PX : BELOW_PX));
    }
    // A chart that is out of the page stops counting until it is drawn again.
    if (!element.isConnected) return;
    this.timer ??= setTimeout(() => this.tick(), (left ?? 0) % SECOND_MS || SECOND_MS);
  }

  private tick(): void {
    this.timer = undefined;
    this.show();
  }

  /** Ms to the close of the running candle; null if that is not known. */
  private left(): number | null {
    const { coordinates } = this;
    const now = this.clock.now();
    if (coordinates === null || now === null) return null;
    const { store, intervalMs } = coordinates;
    if (store.count === 0 || intervalMs <= SECOND_MS) return null;
    const start = store.time[store.count - 1];
    const close = this.closeOf(start);
    return close - start === intervalMs ? untilClose(start, intervalMs, now) : left(close, now);
  }

  /** Position of the last price; null if it is out of sight. */
  private lastY(): number | null {
    const { coordinates } = this;
    if (coordinates === null || coordinates.store.count === 0) return null;
    const { store, ratio } = coordinates;
    const y = coordinates.rowOf(store.close.at(store.count - 1)) / ratio;
    return y >= 0 && y <= this.height ? y : null;
  }
}

/**
 * Ms from `now` to the close of the candle that runs then, in step with the one that began at
 * `start`; null if that one is yet to begin.
 */
export function untilClose(start: number, intervalMs: number, now: number): number | null {
  // The clock may be a moment behind a candle that has just begun.
  if (now < start - SECOND_MS) return null;
  return intervalMs - (Math.max(now - start, 0) % intervalMs);
}

/** Ms to a close; null once it has passed. */
function left(close: number, now: number): number | null {
  return now < close ? close - now : null;
}

/** A time to go: "04:59", "03:59:59", "6d 23h". */
export function countdownText(ms: number): string {
  const seconds = Math.ceil(ms / SECOND_MS);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const two = (value: number) => String(value).padStart(2, "0");
  if (hours >= 24) return `${Math.floor(hours / 24)}d ${hours % 24}h`;
  const short = `${two(minutes % 60)}:${two(seconds % 60)}`;
  return hours > 0 ? `${two(hours)}:${short}` : short;
}
