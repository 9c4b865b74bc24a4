/** The newest `capacity` items; older ones are dropped, so a background tab uses little memory. */
export class Ring<T> {
  /** Items ever pushed. */
  total = 0;
  private readonly items: (T | undefined)[];

  constructor(readonly capacity: number) {
    this.items = new Array(capacity);
  }

  get size(): number {
    return Math.min(this.total, this.capacity);
  }

  push(item: T): void {
    this.items[this.total++ % this.capacity] = item;
  }

  /** The `age`-th newest item, 0 being the newest; undefined past the oldest. */
  newest(age: number): T | undefined {
    return age < this.size ? this.items[(this.total - 1 - age) % this.capacity] : undefined;
  }

  clear(): void {
    this.total = 0;
    this.items.fill(undefined);
  }
}
