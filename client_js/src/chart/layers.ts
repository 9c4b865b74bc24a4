import type { Extent } from "../store/range-index";
import type { Palette } from "./color";
import type { Coordinates } from "./coordinates";
import type { Point } from "./crosshair";
import type { Sight } from "./geometry";
import type { RectBatch } from "./rect-batch";

/** All that a layer needs to draw itself in one frame. */
export interface LayerFrame {
  /** Rectangles in device pixels, between grid and candles, and above everything. */
  under: RectBatch;
  over: RectBatch;
  coordinates: Coordinates;
  palette: Palette;
  /** The candles' pane in device pixels. */
  width: number;
  height: number;
}

/** A label on the price axis. */
export interface PriceLabel {
  price: number;
  /** The text; the price by default. */
  text?: string;
  /** Its ground, "#rrggbb"; the text on it is black or white. */
  color: string;
}

/** A pointer's movement after a layer has taken its press. */
export interface Drag {
  move(at: Point): void;
  /** `cancelled`: the pointer was taken away, by a gesture of the system for instance. */
  end(at: Point, cancelled: boolean): void;
}

/**
 * Something drawn on the candles' pane: a price line, a drawing, a profile. Layers draw in the order
 * in which they were added; the last one is the first to get the pointer.
 */
export interface ChartLayer {
  /** Draw into the frame's batches; called with each frame in which the pane is drawn. */
  draw?(frame: LayerFrame): void;
  /**
   * Stretch the extent of the candles in sight, which an automatic scale shows; in positions of their
   * mapping.
   */
  stretch?(extent: Extent, sight: Sight): Extent;
  /** Labels on the price axis. */
  priceLabels?(): readonly PriceLabel[];
  /** The cursor where the layer would take a press, such as "grab"; null elsewhere. */
  cursorAt?(at: Point): string | null;
  /** Take a press of the pointer; null leaves it to the layers below, and to panning. */
  press?(at: Point, event: PointerEvent): Drag | null;
}

/** The layers of a chart. */
export class Layers {
  readonly all = new Set<ChartLayer>();

  draw(frame: LayerFrame): void {
    for (const layer of this.all) layer.draw?.(frame);
  }

  /** The extent of the candles in sight, stretched to the layers over them. */
  stretch(extent: Extent, sight: Sight): Extent {
    return [...this.all].reduce((wide, layer) => layer.stretch?.(wide, sight) ?? wide, extent);
  }
}
