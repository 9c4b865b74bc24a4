import type { Zone } from "../format/zone";
import { TickFolder, type TickInput } from "../store/ticks";
import { type ChartSource, type ResolvedSource, resolveSource, resolveZone } from "./options";

/** The candles that a chart shows, the ticks that are folded into them, and the zone of their times. */
export class ShownSource {
  resolved: ResolvedSource;
  private folder: TickFolder;

  /** Throws TypeError or RangeError that names the option. */
  constructor(
    given: ChartSource,
    private zone: Zone,
  ) {
    this.resolved = resolveSource(given);
    this.folder = folderOf(this.resolved);
    // Throws for an unknown zone.
    this.setTimeZone(zone);
  }

  /** The zone of times on the chart; that of the venue for "exchange". */
  get timeZone(): Zone {
    return resolveZone(this.zone, this.resolved);
  }

  /** Choose another zone; throws RangeError for an unknown one. */
  setTimeZone(zone: Zone): void {
    resolveZone(zone, this.resolved);
    this.zone = zone;
  }

  /** Show other candles. Throws as the constructor does. */
  show(given: ChartSource): void {
    this.resolved = resolveSource(given);
    this.folder = folderOf(this.resolved);
  }

  /** The end of the candle of a time, if sessions say; its length after it otherwise. */
  closeOf(start: number): number {
    const { bounds, intervalMs } = this.resolved;
    return bounds?.end(start) ?? start + intervalMs;
  }

  /**
   * Fold a tick into the candles; the first one names the symbol if it has none. Returns false if it
   * is ignored. Throws as `TickFolder.fold` does.
   */
  fold(tick: TickInput): boolean {
    if (tick === null || typeof tick !== "object") throw new TypeError("a tick must be an object");
    const { resolved } = this;
    const { symbol = resolved.symbol } = tick;
    if (resolved.symbol !== null && symbol !== resolved.symbol) return false;
    const isFolded = this.folder.fold(tick);
    if (resolved.symbol !== symbol) this.resolved = { ...resolved, symbol };
    return isFolded;
  }
}

function folderOf({ store, intervalMs, bounds }: ResolvedSource): TickFolder {
  return new TickFolder(store, bounds ?? intervalMs);
}
