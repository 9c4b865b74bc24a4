import type { Added } from "../chart/added";
import type { Chart } from "../chart/chart";
import type { BarHistory } from "../compute/bar-history";
import type { ProfileBins } from "../compute/volume-profile";
import type { CandleStore } from "../store/candle-store";
import type { HeldHistory, KernelIndicators } from "./kernel-indicators";
import { ProfileLayer } from "./profile-layer";

/** Bins and looks of a volume profile. */
export interface VolumeProfileOptions {
  /** Number of bins at most, from 2 to 1,000; 64 by default. */
  bins?: number;
  /** Share of the volume in the value area, above 0 and at most 1; 0.7 by default. */
  valueArea?: number;
  /** The edge that it is drawn from; "right" by default. */
  side?: "left" | "right";
  /** Share of the pane's width that the fullest bin takes; 0.28 by default. */
  width?: number;
}

const MAX_BINS = 1000;

/**
 * Draw volume by price of the visible candles behind them, with the value area and the fullest
 * price; computed by the kernels in their worker, anew whenever the view or the candles change.
 * Throws RangeError that names the option.
 */
export function volumeProfile(
  chart: Chart,
  kernels: KernelIndicators,
  options: VolumeProfileOptions = {},
): Added {
  const profile = new VisibleProfile(chart, kernels, checked(options));
  return { remove: () => profile.remove() };
}

/** The profile of a chart's visible candles. */
class VisibleProfile {
  private readonly layer;
  private readonly added;
  private readonly stops: (() => void)[];
  private held: HeldHistory;
  private stopFollowing: () => void;
  private asking = false;
  private stale = false;
  private removed = false;

  constructor(
    private readonly chart: Chart,
    private readonly kernels: KernelIndicators,
    private readonly options: Required<VolumeProfileOptions>,
  ) {
    this.layer = new ProfileLayer(options.side, options.width);
    this.added = chart.addLayer(this.layer);
    this.held = this.hold();
    this.stopFollowing = this.follow();
    this.stops = [chart.on("range", () => this.refresh()), chart.on("source", () => this.change())];
    this.refresh();
  }

  remove(): void {
    if (this.removed) return;
    this.removed = true;
    for (const stop of this.stops) stop();
    this.stopFollowing();
    this.held.release();
    this.added.remove();
  }

  private hold() {
    const { store, symbol, interval } = this.chart;
    return this.kernels.historyOf({ store, symbol: symbol ?? "", interval });
  }

  /** The worker has other bars. */
  private follow(): () => void {
    return this.held.history.onChange(() => this.refresh());
  }

  /** The chart shows other candles. */
  private change(): void {
    const { release } = this.held;
    this.stopFollowing();
    this.held = this.hold();
    this.stopFollowing = this.follow();
    release();
    this.layer.profile = null;
    this.refresh();
  }

  /** Ask for the profile of what is visible; changes meanwhile wait for the answer. */
  private refresh(): void {
    if (this.asking) {
      this.stale = true;
      return;
    }
    const { left, right } = this.chart.visibleBars();
    const bins = binsOf(this.chart.store, left, right, this.options);
    if (bins === null) return;
    this.asking = true;
    this.stale = false;
    void this.ask(this.held.history, bins);
  }

  private async ask(history: BarHistory, bins: ProfileBins): Promise<void> {
    try {
      const profile = await history.profile(bins);
      if (history === this.held.history && !this.removed) {
        this.layer.profile = profile;
        this.added.redraw();
      }
    } catch (error) {
      if (history === this.held.history && !this.removed) console.warn("volume profile:", error);
    }
    this.asking = false;
    if (this.stale && !this.removed) this.refresh();
  }
}

/**
 * Bins over the prices of candles `left` to `right`, each a whole number of ticks with its edges
 * between prices; null if none is there.
 */
export function binsOf(
  store: CandleStore,
  left: number,
  right: number,
  { bins, valueArea }: Pick<Required<VolumeProfileOptions>, "bins" | "valueArea">,
): ProfileBins | null {
  const from = Math.max(Math.floor(left), 0);
  const to = Math.min(Math.ceil(right), store.count);
  if (to <= from) return null;
  const { low, high } = store.extent(from, to);
  const { tickUnits: tick } = store;
  const ticks = Math.round((high - low) / tick) + 1;
  const step = Math.ceil(ticks / bins) * tick;
  const units = 10 ** store.decimals;
  return {
    from,
    to,
    lowest: (low - tick / 2) / units,
    step: step / units,
    bins: Math.ceil((ticks * tick) / step),
    share: valueArea,
  };
}

function checked(options: VolumeProfileOptions): Required<VolumeProfileOptions> {
  const { bins = 64, valueArea = 0.7, side = "right", width = 0.28 } = options;
  if (!(Number.isInteger(bins) && bins >= 2 && bins <= MAX_BINS)) {
    throw new RangeError(`bins must be a whole number from 2 to ${MAX_BINS}, not ${bins}`);
  }
  const shares = { valueArea, width };
  for (const [name, share] of Object.entries(shares)) {
    if (share > 0 && share <= 1) continue;
    throw new RangeError(`${name} must be above 0 and at most 1, not ${share}`);
  }
  if (side !== "left" && side !== "right") {
    throw new RangeError(`side must be "left" or "right", not "${side}"`);
  }
  return { bins, valueArea, side, width };
}
