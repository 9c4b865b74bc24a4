/** Bars of blank space right of the newest candle while the chart follows it. */
export const FOLLOW_MARGIN = 6;
/** Candles that stay visible at either end, however far the user pans. */
const MIN_IN_SIGHT = 3;
const MAX_SPACING = 80;
const DEFAULT_SPACING = 8;
/** A chart with few candles is stretched as if it had this many, up to the maximum spacing. */
const MIN_FITTED = 20;
const MAX_FITTED_SPACING = 16;

/**
 * The visible part of the time axis, on which candle i spans [i, i + 1). Offsets are relative to
 * the newest candle, so the view follows it while it is visible and stands still otherwise.
 *
 * Pixels are CSS pixels throughout.
 */
export class Viewport {
  /** Pixels from candle to candle. */
  spacing = DEFAULT_SPACING;
  /**
   * Candles between the newest one's right edge and the pane's; negative when it is out of sight.
   */
  rightOffset = FOLLOW_MARGIN;
  private width = 1;
  private count = 0;

  /** Axis position of the pane's right and left edge. */
  get right(): number {
    return this.count + this.rightOffset;
  }

  get left(): number {
    return this.right - this.width / this.spacing;
  }

  /** True while the newest candle is in sight, so that new ones move the view. */
  get following(): boolean {
    return this.rightOffset >= 0;
  }

  resize(width: number): void {
    this.width = Math.max(width, 1);
    this.clamp();
  }

  /** Update to `count` candles, the last `appended` of them new; after a reset all are new. */
  setCount(count: number, appended: number): void {
    if (!this.following) this.rightOffset -= appended;
    this.count = count;
    this.clamp();
  }

  /** Move the candles by `dx` pixels to the right; returns false if they are at an end. */
  pan(dx: number): boolean {
    const before = this.rightOffset;
    this.rightOffset -= dx / this.spacing;
    this.clamp();
    return this.rightOffset !== before;
  }

  /** Multiply the spacing by `factor` while the candle at `x` pixels from the left stays there. */
  zoom(x: number, factor: number): void {
    const anchor = this.left + x / this.spacing;
    // Zooming out of a following view shows more of the past, not of the blank future.
    const most = this.following ? Math.max(this.rightOffset, FOLLOW_MARGIN) : Number.MAX_VALUE;
    this.spacing = clamp(this.spacing * factor, this.minSpacing(), MAX_SPACING);
    this.rightOffset = Math.min(anchor + (this.width - x) / this.spacing - this.count, most);
    this.clamp();
  }

  /** Zoom by `factor`, with the newest candle in place while it is in sight. */
  zoomFollowing(factor: number): void {
    const { rightOffset, following } = this;
    this.zoom(this.width / 2, factor);
    if (following) this.rightOffset = rightOffset;
    this.clamp();
  }

  /** Show the newest candle. */
  goLatest(): void {
    this.rightOffset = FOLLOW_MARGIN;
    this.clamp();
  }

  /** Show the oldest candle at the left edge. */
  goOldest(): void {
    this.rightOffset = this.width / this.spacing - this.count;
    this.clamp();
  }

  /** Show the newest candles at the default spacing, or wider when they are few. */
  fit(): void {
    const shown = clamp(this.count, MIN_FITTED, this.width / DEFAULT_SPACING) + FOLLOW_MARGIN;
    this.spacing = clamp(Math.floor(this.width / shown), DEFAULT_SPACING, MAX_FITTED_SPACING);
    this.goLatest();
  }

  /** Show all candles, with the margin of a view that follows. */
  fitAll(): void {
    const wanted = this.width / (this.count + FOLLOW_MARGIN);
    this.spacing = clamp(wanted, this.minSpacing(), MAX_FITTED_SPACING);
    this.goLatest();
  }

  /** Show the part of the axis from `left` to `right`, as far as the limits of zoom allow. */
  show(left: number, right: number): void {
    this.spacing = clamp(this.width / (right - left), this.minSpacing(), MAX_SPACING);
    this.rightOffset = right - this.count;
    this.clamp();
  }

  private minSpacing(): number {
    return Math.min(this.width / (this.count + 2 * FOLLOW_MARGIN), 1);
  }

  private clamp(): void {
    const shown = this.width / this.spacing;
    const least = Math.min(MIN_IN_SIGHT, this.count) - this.count;
    const most = shown - Math.min(MIN_IN_SIGHT, this.count);
    this.rightOffset = clamp(this.rightOffset, least, Math.max(most, least));
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
