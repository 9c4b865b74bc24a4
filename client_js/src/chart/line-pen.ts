import { parseColor, type Rgb } from "./color";
import { packColor, type RectBatch } from "./rect-batch";

/** Number of tones in a line's soft edge; a partly covered pixel gets the nearest one. */
const STEPS = 4;

/** Rows of a pane, in device pixels: [top, bottom). */
export interface Rows {
  top: number;
  bottom: number;
}

/** `color` over `background` at a share from 0 to 1. */
export function mix(color: Rgb, background: Rgb, share: number): Rgb {
  const channel = (i: 0 | 1 | 2) => Math.round(background[i] + (color[i] - background[i]) * share);
  return [channel(0), channel(1), channel(2)];
}

/**
 * Draws a line as columns of whole pixels, so that every renderer draws the same. Its edges are
 * softened by rows in tones between the line's and the background's colour: nothing is blended.
 */
export class LinePen {
  private column = Number.NaN;
  private low = 0;
  private high = 0;
  /** The columns since `start` that have the same rows. */
  private start = Number.NaN;
  private width = 0;
  private shape = { top: 0, bottom: 0, above: 0, below: 0 };
  /** x, y and width of the rows of each tone, drawn at the end by tone, under the line itself. */
  private readonly edges: number[][] = Array.from({ length: STEPS }, () => []);
  /** x, y, width and height. */
  private readonly cores: number[] = [];
  private readonly tones: number[];

  constructor(
    private readonly batch: RectBatch,
    private readonly rows: Rows,
    private readonly thickness: number,
    color: string,
    background: Rgb,
  ) {
    const rgb = parseColor(color);
    this.tones = Array.from({ length: STEPS + 1 }, (_, step) =>
      packColor(mix(rgb, background, step / STEPS)),
    );
  }

  /** Draw from the middle of column x0 to that of x1 >= x0, at rows y0 and y1. */
  segment(x0: number, y0: number, x1: number, y1: number): void {
    const from = Math.max(x0, -1);
    for (let x = from; x <= x1; x++) {
      const a = x === x0 ? y0 : rowAt(x - 0.5, x0, y0, x1, y1);
      const b = x === x1 ? y1 : rowAt(x + 0.5, x0, y0, x1, y1);
      this.span(x, Math.min(a, b), Math.max(a, b));
    }
  }

  /** Cover the part of a column between two rows. */
  span(column: number, low: number, high: number): void {
    if (column === this.column) {
      this.low = Math.min(this.low, low);
      this.high = Math.max(this.high, high);
      return;
    }
    this.endColumn();
    this.column = column;
    this.low = low;
    this.high = high;
  }

  /** Draw what is still pending. */
  end(): void {
    this.endColumn();
    this.column = Number.NaN;
    this.endRun();
    this.edges.forEach((rows, step) => {
      for (let i = 0; i < rows.length; i += 3) {
        this.batch.push(rows[i], rows[i + 1], rows[i + 2], 1, this.tones[step]);
      }
      rows.length = 0;
    });
    const { cores } = this;
    for (let i = 0; i < cores.length; i += 4) {
      this.batch.push(cores[i], cores[i + 1], cores[i + 2], cores[i + 3], this.tones[STEPS]);
    }
    cores.length = 0;
  }

  private endColumn(): void {
    if (Number.isNaN(this.column)) return;
    const half = this.thickness / 2;
    const top = this.low - half;
    const bottom = this.high + half;
    const shape = { top: Math.ceil(top), bottom: Math.floor(bottom), above: 0, below: 0 };
    shape.above = Math.round((shape.top - top) * STEPS);
    shape.below = Math.round((bottom - shape.bottom) * STEPS);
    if (shape.above === STEPS) shape.top--;
    if (shape.below === STEPS) shape.bottom++;
    const { start, width } = this;
    if (start + width === this.column && equal(shape, this.shape)) {
      this.width++;
      return;
    }
    this.endRun();
    this.start = this.column;
    this.width = 1;
    this.shape = shape;
  }

  private endRun(): void {
    if (Number.isNaN(this.start)) return;
    const { top, bottom, above, below } = this.shape;
    const { start, width, rows } = this;
    this.start = Number.NaN;
    const first = Math.max(top, rows.top);
    const last = Math.min(bottom, rows.bottom);
    if (first < last) {
      // A steep line gets the same thickness as a flat one, measured across its direction.
      const more = bottom - top > 2 * this.thickness ? this.thickness - 1 : 0;
      this.cores.push(start - (more >> 1), first, width + more, last - first);
    }
    this.edge(above, start, top - 1, width);
    this.edge(below, start, bottom, width);
  }

  private edge(step: number, x: number, y: number, width: number): void {
    if (step === 0 || step === STEPS || y < this.rows.top || y >= this.rows.bottom) return;
    this.edges[step].push(x, y, width);
  }
}

type Shape = { top: number; bottom: number; above: number; below: number };

function equal(a: Shape, b: Shape): boolean {
  return a.top === b.top && a.bottom === b.bottom && a.above === b.above && a.below === b.below;
}

function rowAt(x: number, x0: number, y0: number, x1: number, y1: number): number {
  return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
}
