import { el, moveTo, setData, setHidden, setText } from "../dom";

/** A point of the pane in CSS pixels. */
export interface Point {
  x: number;
  y: number;
}

/** A time, in ms, on whose candle the crosshair is shown, and a price; its close by default. */
export interface CrosshairPlace {
  time: number;
  price: number | undefined;
}

/**
 * The crosshair and the last price: plain elements moved by transforms, so that the browser's
 * compositor moves them and no canvas is redrawn.
 */
export class Crosshair {
  private readonly vertical = el("div", "cross cross-v");
  private readonly horizontal = el("div", "cross cross-h");
  private readonly price = el("div", "axis-label label-price");
  private readonly time = el("div", "axis-label label-time");
  private readonly last = el("div", "axis-label label-last");

  constructor(parent: HTMLElement) {
    for (const each of [this.vertical, this.horizontal, this.price, this.time, this.last]) {
      each.setAttribute("aria-hidden", "true");
      each.hidden = true;
      parent.append(each);
    }
  }

  /**
   * Place the crosshair's lines and labels; `at` is in the pane, the texts are the axis readings.
   */
  showCross(at: Point, price: string, time: string, pane: { width: number }): void {
    this.setCrossHidden(false);
    moveTo(this.vertical, at.x, 0);
    moveTo(this.horizontal, 0, at.y);
    setText(this.price, price);
    moveTo(this.price, 0, at.y);
    setText(this.time, time);
    setHidden(this.time, time === "");
    const half = this.time.offsetWidth / 2;
    moveTo(this.time, Math.min(Math.max(at.x, half), pane.width - half), 0);
  }

  hideCross(): void {
    this.setCrossHidden(true);
  }

  /** Place the last price's label at row `y`, or hide it if that is outside the pane. */
  showLast(y: number, text: string, rising: boolean, height: number): void {
    if (setHidden(this.last, y < 0 || y > height)) return;
    setText(this.last, text);
    setData(this.last, "trend", rising ? "up" : "down");
    moveTo(this.last, 0, y);
  }

  hideLast(): void {
    setHidden(this.last, true);
  }

  private setCrossHidden(hidden: boolean): void {
    for (const each of [this.vertical, this.horizontal, this.price, this.time]) {
      setHidden(each, hidden);
    }
  }
}
