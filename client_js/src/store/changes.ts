/** The range of candles changed since the last look: [from, to), or everything if `all`. */
export interface Dirty {
  from: number;
  to: number;
  all: boolean;
}

/** An observer of a store. */
export interface Watcher {
  /** Return the changes since the last call. */
  take(): Dirty;
  /** Stop observing. */
  stop(): void;
}

/** Collects changed ranges for one observer; at first everything counts as changed. */
export class Changes {
  private dirty: Dirty = { from: 0, to: 0, all: true };

  /** `notify` is called after each change. */
  constructor(readonly notify: () => void) {}

  mark(from: number, to: number): void {
    this.dirty.from = Math.min(this.dirty.from, from);
    this.dirty.to = Math.max(this.dirty.to, to);
  }

  markAll(): void {
    this.dirty.all = true;
  }

  /** Return the changes since the last call; `count` is the current number of candles. */
  take(count: number): Dirty {
    const taken = this.dirty;
    this.dirty = { from: count, to: count, all: false };
    return taken;
  }
}
