/** Maximum number of steps back. */
const MOST = 100;

/** A value with its earlier versions, for undo, and with those undone, for redo. */
export class Versions<T> {
  private readonly past: T[] = [];
  private readonly future: T[] = [];

  constructor(private current: T) {}

  get value(): T {
    return this.current;
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  set(value: T): void {
    this.past.push(this.current);
    if (this.past.length > MOST) this.past.shift();
    this.future.length = 0;
    this.current = value;
  }

  /** Return to the version before; returns false if there is none. */
  undo(): boolean {
    return this.step(this.past, this.future);
  }

  /** Take the last `undo` back; returns false if there is nothing to take back. */
  redo(): boolean {
    return this.step(this.future, this.past);
  }

  private step(from: T[], to: T[]): boolean {
    if (from.length === 0) return false;
    to.push(this.current);
    this.current = from.pop() as T;
    return true;
  }
}
