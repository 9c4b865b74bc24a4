import type { Added } from "./added";
import { parseColor } from "./color";
import type { ChartLayer, LayerFrame, PriceLabel } from "./layers";
import { packColor } from "./rect-batch";

/** A horizontal line at a price, with a label on the axis. */
export interface PriceLineOptions {
  price: number;
  /** "#rrggbb", orange by default. */
  color?: string;
  /** Text before the price in the label. */
  title?: string;
  /** Dashed by default. */
  style?: "solid" | "dashed";
  /** In whole CSS pixels, 1 by default. */
  width?: number;
}

export interface PriceLine extends Added {
  /** Change the line: its price, for instance. */
  update(changes: Partial<PriceLineOptions>): void;
}

/** Dashes, in line widths. */
const DASH = { on: 4, period: 8 };

/** The layer of one price line. */
export class PriceLineLayer implements ChartLayer {
  private options: Required<PriceLineOptions>;

  /** `format`: the text of a price, with the instrument's decimals. */
  constructor(
    options: Required<PriceLineOptions>,
    private readonly format: (price: number) => string,
  ) {
    this.options = checkedLine(options);
  }

  update(changes: Partial<PriceLineOptions>): void {
    this.options = checkedLine({ ...this.options, ...changes });
  }

  draw({ over, coordinates, width, height }: LayerFrame): void {
    const { ratio } = coordinates;
    const { price, color, style } = this.options;
    const thickness = Math.max(Math.floor(this.options.width * ratio), 1);
    const row = Math.round(coordinates.priceToY(price) * ratio) - (thickness >> 1);
    if (row < 0 || row + thickness > height) return;
    const packed = packColor(parseColor(color));
    const [on, period] =
      style === "solid" ? [width, width] : [DASH.on * thickness, DASH.period * thickness];
    for (let x = 0; x < width; x += period) over.push(x, row, on, thickness, packed);
  }

  priceLabels(): PriceLabel[] {
    const { price, color, title } = this.options;
    const text = this.format(price);
    return [{ price, color, text: title === "" ? text : `${title} ${text}` }];
  }
}

function checkedLine(options: Required<PriceLineOptions>): Required<PriceLineOptions> {
  if (!Number.isFinite(options.price)) {
    throw new RangeError(`price of a price line must be finite, not ${options.price}`);
  }
  parseColor(options.color);
  return options;
}
