import type { Axes } from "./axes";
import { cssColor, type Palette } from "./color";
import type { PaneSize } from "./geometry";
import type { PaneLayout } from "./sub-panes";

const FONT_PX = 11;
const PADDING_PX = 8;
/** Minimum width of the price axis in CSS pixels; it grows in whole steps. */
const LEAST_WIDTH_PX = 56;
const WIDTH_STEP_PX = 8;

/**
 * The axis labels, on a canvas of their own above the pane. Text is by far the most expensive thing
 * to draw, so it is redrawn only when an axis has moved.
 */
export class AxisCanvas {
  /** Number of times the axes have been drawn. */
  draws = 0;
  private readonly context: CanvasRenderingContext2D;
  private fontFamily = "sans-serif";

  constructor(readonly canvas: HTMLCanvasElement) {
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("this browser does not support 2D canvases");
    this.context = context;
  }

  /** Set the canvas's size in device pixels. */
  resize(width: number, height: number): void {
    this.canvas.width = Math.max(width, 1);
    this.canvas.height = Math.max(height, 1);
    this.fontFamily = getComputedStyle(this.canvas).fontFamily;
  }

  draw(axes: Axes, pane: PaneSize, layout: PaneLayout, palette: Palette): void {
    const { context, canvas } = this;
    this.draws++;
    context.clearRect(0, 0, canvas.width, canvas.height);
    this.drawBorders(pane, layout, palette);
    this.drawPrices(axes, pane, layout, palette);
    this.drawTimes(axes, pane, palette);
  }

  /** Width that the price axis needs for these labels, in CSS pixels. */
  widthFor(axes: Axes, ratio: number): number {
    this.setFont(ratio, false);
    const widths = [...axes.prices, ...axes.panes].map(
      ({ text }) => this.context.measureText(text).width / ratio,
    );
    const wanted = Math.max(...widths, 0) + 2 * PADDING_PX;
    return Math.max(Math.ceil(wanted / WIDTH_STEP_PX) * WIDTH_STEP_PX, LEAST_WIDTH_PX);
  }

  private drawBorders(
    { width, height, ratio }: PaneSize,
    layout: PaneLayout,
    palette: Palette,
  ): void {
    const { context, canvas } = this;
    const line = Math.max(Math.floor(ratio), 1);
    context.fillStyle = cssColor(palette.axisLine);
    context.fillRect(width, 0, line, canvas.height);
    context.fillRect(0, height, canvas.width, line);
    for (const { top } of layout.panes) {
      context.fillRect(width, top - layout.line, canvas.width - width, line);
    }
  }

  private drawPrices(
    { prices, panes }: Axes,
    { width, ratio }: PaneSize,
    { height }: PaneLayout,
    palette: Palette,
  ): void {
    const { context } = this;
    this.setFont(ratio, false);
    context.textAlign = "left";
    context.fillStyle = cssColor(palette.axisText);
    const margin = (FONT_PX * ratio) / 2;
    const shown = prices.filter(({ row }) => row >= margin && row <= height - margin);
    for (const { row, text } of [...shown, ...panes]) {
      context.fillText(text, width + PADDING_PX * ratio, row);
    }
  }

  private drawTimes({ times }: Axes, { width, height, ratio }: PaneSize, palette: Palette): void {
    const { context, canvas } = this;
    context.textAlign = "center";
    const middle = (height + canvas.height) / 2;
    for (const { column, text, strong } of times) {
      this.setFont(ratio, strong);
      const half = context.measureText(text).width / 2;
      if (column - half < 0 || column + half > width) continue;
      context.fillStyle = cssColor(strong ? palette.axisStrong : palette.axisText);
      context.fillText(text, column, middle);
    }
  }

  private setFont(ratio: number, strong: boolean): void {
    this.context.font = `${strong ? "600 " : ""}${FONT_PX * ratio}px ${this.fontFamily}`;
    this.context.textBaseline = "middle";
  }
}
