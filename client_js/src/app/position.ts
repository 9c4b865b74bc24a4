import type { Tick } from "../feed/payloads";
import { isAfter } from "../feed/position";

/**
 * The position up to which the page shows the market. Trades of all symbols come by one topic, those
 * of the shown symbol by another, which its prices are taken from: until a trade has come by both,
 * the position waits before it.
 */
export class ShownPosition {
  private shown: string | null = null;
  private newest: string | null = null;
  /** The newest trade of the shown symbol by its own topic. */
  private own: string | null = null;
  /** One that has come by the common topic alone. */
  private awaited: string | null = null;

  /** The newest position that is shown whole; null before the first trade. */
  get id(): string | null {
    if (this.awaited === null) this.shown = this.newest;
    return this.shown;
  }

  /** A trade has come by the common topic; `isShown` if it is of the shown symbol. */
  heard({ id }: Tick, isShown: boolean): void {
    // The trades before it are all there.
    if (this.awaited === null) this.shown = this.newest;
    this.newest = id;
    if (isShown && (this.own === null || isAfter(id, this.own))) this.awaited = id;
  }

  /** A trade has come by the shown symbol's own topic. */
  heardOwn({ id }: Tick): void {
    this.own = id;
    if (this.awaited !== null && !isAfter(this.awaited, id)) this.awaited = null;
  }

  /** Another symbol is shown. */
  reset(): void {
    this.own = null;
    this.awaited = null;
  }
}
