/** A canvas of the page, or one that is not on it. */
export type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/**
 * Dashed lines as patterns, by colour and lengths: a line is then one rectangle, where its dashes
 * would be hundreds.
 */
export class Dashes {
  private readonly patterns = new Map<string, CanvasPattern>();

  /** Dashes of `on` pixels at every `period` pixels from the canvas's left edge. */
  pattern(context: Context, color: string, on: number, period: number): CanvasPattern {
    const key = `${color} ${on} ${period}`;
    const pattern = this.patterns.get(key) ?? drawn(context, color, on, period);
    this.patterns.set(key, pattern);
    return pattern;
  }
}

function drawn(context: Context, color: string, on: number, period: number): CanvasPattern {
  const image = new OffscreenCanvas(period, 1);
  const own = image.getContext("2d");
  if (own !== null) {
    own.fillStyle = color;
    own.fillRect(0, 0, on, 1);
  }
  const pattern = context.createPattern(image, "repeat");
  if (pattern === null) throw new Error("this browser gives no 2D canvas");
  return pattern;
}
