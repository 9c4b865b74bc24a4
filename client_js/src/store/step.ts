/**
 * Derives the price step of an instrument whose feed does not give it: the greatest common divisor
 * of all price differences seen.
 */
export class StepFinder {
  private anchor: number | null = null;
  private divisor = 0;

  /** The step in units; 1 until two different prices have been seen. */
  get step(): number {
    return this.divisor || 1;
  }

  see(price: number): void {
    this.anchor ??= price;
    let rest = Math.abs(price - this.anchor);
    // Almost always true.
    if (this.divisor !== 0 && rest % this.divisor === 0) return;
    while (rest !== 0) [this.divisor, rest] = [rest, this.divisor % rest];
  }

  /** Units have become smaller by `factor`. */
  rescale(factor: number): void {
    if (this.anchor !== null) this.anchor *= factor;
    this.divisor *= factor;
  }

  clear(): void {
    this.anchor = null;
    this.divisor = 0;
  }
}
