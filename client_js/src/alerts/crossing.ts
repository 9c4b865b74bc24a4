/** The way in which a price was crossed. */
export type Direction = "up" | "down";

/**
 * Watches prices pass a level. A price at the level counts as reached, from either side; leaving it
 * again on the far side is no second crossing, and going back is one.
 */
export class CrossingWatch {
  /** The side that the last price was on; null while none is known. */
  private side: "above" | "below" | null = null;

  constructor(private readonly level: number) {}

  /** Process the next price; returns the direction if the level was reached or passed. */
  price(price: number): Direction | null {
    if (this.side === null) {
      // A first price at the level is on neither side.
      if (price !== this.level) this.side = price > this.level ? "above" : "below";
      return null;
    }
    if (this.side === "below" && price >= this.level) {
      this.side = "above";
      return "up";
    }
    if (this.side === "above" && price <= this.level) {
      this.side = "below";
      return "down";
    }
    return null;
  }

  /** Process a bar whose trades are unknown; returns the first direction in which it crossed. */
  bar(high: number, low: number, close: number): Direction | null {
    const reached = this.side === "below" ? this.price(high) : this.price(low);
    const then = this.price(close);
    return reached ?? then;
  }

  /** Forget the side: the next price does not follow the last one. */
  reset(): void {
    this.side = null;
  }
}
