/** Candles that changed since someone last looked: [from, to), all of them when `all`. */
export interface Dirty {
  from: number;
  to: number;
  all: boolean;
}

/** Collects what has changed for one that looks at it from time to time; at first, all has. */
export class Changes {
  private dirty: Dirty = { from: 0, to: 0, all: true };

  mark(from: number, to: number): void {
    this.dirty.from = Math.min(this.dirty.from, from);
    this.dirty.to = Math.max(this.dirty.to, to);
  }

  markAll(): void {
    this.dirty.all = true;
  }

  /** What changed since the last call; `count` candles are held now. */
  take(count: number): Dirty {
    const taken = this.dirty;
    this.dirty = { from: count, to: count, all: false };
    return taken;
  }
}
