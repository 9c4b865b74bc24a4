import { type Scene, VIEW, VIEW_FLOATS } from "../scene";
import { Painter } from "./painter";

/** First and last (exclusive) float of the View uniform that a still does not show. */
const LIVE = [
  [VIEW.line, VIEW.line + 4],
  [VIEW.lineColor, VIEW.lineColor + 4],
] as const;

/**
 * The part of a picture that a tick leaves as it is: everything under the newest bucket. It is drawn
 * once two frames have had it in common, so that panning does not pay for it.
 */
export class Still {
  private painter: Painter | null = null;
  private readonly view = new Float32Array(VIEW_FLOATS);
  private seen = { gridVersion: -1, per: 0, first: 0, fixed: 0, background: "" };
  private drawn = false;

  /** Records from index `from` on have changed. */
  invalidate(from: number): void {
    if (from < this.seen.fixed * this.seen.per) this.forget();
  }

  /** Forget the picture. */
  forget(): void {
    this.drawn = false;
    this.seen.gridVersion = -1;
  }

  /**
   * The picture of the scene's ground and its buckets up to `fixed` (exclusive), drawn by `draw` if
   * need be; null if this frame is the first with it.
   */
  of(scene: Scene, fixed: number, draw: (painter: Painter) => void): OffscreenCanvas | null {
    if (!this.matches(scene, fixed)) {
      this.forget();
      this.remember(scene, fixed);
      return null;
    }
    const painter = this.painterFor(scene);
    if (!this.drawn) draw(painter);
    this.drawn = true;
    return painter.context.canvas as OffscreenCanvas;
  }

  private matches({ view, background, ...scene }: Scene, fixed: number): boolean {
    const { seen } = this;
    if (scene.under.count > 0 || fixed !== seen.fixed || scene.gridVersion !== seen.gridVersion)
      return false;
    if (scene.per !== seen.per || scene.first !== seen.first) return false;
    if (background.join() !== seen.background) return false;
    return view.every((value, i) => value === this.view[i] || isLive(i));
  }

  private remember({ view, background, gridVersion, per, first }: Scene, fixed: number): void {
    this.view.set(view);
    this.seen = { gridVersion, per, first, fixed, background: background.join() };
  }

  private painterFor({ view }: Scene): Painter {
    const width = view[VIEW.size];
    const height = view[VIEW.size + 1];
    const size = this.painter?.context.canvas;
    if (this.painter !== null && size?.width === width && size.height === height) {
      return this.painter;
    }
    const context = new OffscreenCanvas(width, height).getContext("2d", { alpha: false });
    if (context === null) throw new Error("this browser gives no 2D canvas");
    this.painter = new Painter(context);
    this.drawn = false;
    return this.painter;
  }
}

function isLive(float: number): boolean {
  return LIVE.some(([from, to]) => float >= from && float < to);
}
