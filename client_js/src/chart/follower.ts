import type { CandleStore } from "../store/candle-store";
import type { Viewport } from "./viewport";

/**
 * Moves a viewport with its candles: it follows the newest, fits those that are there first, and
 * holds a movement that was asked for before there was anything to show.
 */
export class Follower {
  private seen = { generation: -1, appended: 0 };
  /** Holds until the view moves otherwise. */
  private held: (() => void) | null = null;
  private isHeldDue = false;

  constructor(private readonly viewport: Viewport) {}

  /** Begin anew with other candles. */
  restart(): void {
    this.seen = { generation: -1, appended: 0 };
    this.release();
  }

  /**
   * Run `move`, which moves the view, as soon as there are candles, and again when the pane's size
   * changes, until the view moves otherwise.
   */
  hold(move: () => void): void {
    this.held = move;
    this.isHeldDue = true;
  }

  /** The view is moved otherwise. */
  release(): void {
    this.held = null;
  }

  /** The pane has another width, in CSS pixels. */
  resize(width: number): void {
    this.viewport.resize(width);
    this.isHeldDue = true;
  }

  /** Move the view with the store. */
  follow(store: CandleStore): void {
    const { viewport } = this;
    const { generation, appended } = this.seen;
    this.seen = { generation: store.generation, appended: store.appended };
    if (generation === store.generation) {
      if (store.appended !== appended && !this.isHeldDue) this.release();
      viewport.setCount(store.count, store.appended - appended);
    } else {
      viewport.setCount(store.count, 0);
      if (generation === -1 && store.count > 0) viewport.fit();
      else if (generation === -1) this.seen.generation = -1;
    }
    if (this.isHeldDue && store.count > 0) {
      this.held?.();
      this.isHeldDue = false;
    }
  }
}
