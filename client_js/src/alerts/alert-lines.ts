import type { Chart } from "../chart/chart";
import type { Coordinates } from "../chart/coordinates";
import type { Point } from "../chart/crosshair";
import type { ChartLayer, Drag, LayerFrame, PriceLabel } from "../chart/layers";
import { PriceLineLayer } from "../chart/price-lines";
import { type Alert, isArmed } from "./alert";
import type { AlertBook } from "./alert-book";

/** Distance from a line at which the pointer takes it, in CSS pixels. */
const REACH_PX = 5;
const REACH_TOUCH_PX = 14;

/** Colours of alerts that wait, and of those that have fired. */
const WAITING = "#c98a1b";
const DONE = "#7d8a9a";

/** The lines of the alerts of a chart's symbol, which can be dragged to another price. */
export interface AlertLines {
  /** The alerts have changed, or the chart shows another symbol. */
  refresh(): void;
  remove(): void;
}

/** Draw the alerts of the symbol that a chart shows. */
export function alertLines(chart: Chart, book: AlertBook): AlertLines {
  const layer = new AlertLayer(book, {
    format: (price) => chart.priceText(price),
    redraw: () => added.redraw(),
  });
  const added = chart.addLayer(layer);
  const refresh = () => {
    layer.show(chart.symbol === null ? [] : book.of(chart.symbol));
    added.redraw();
  };
  const stop = chart.on("source", refresh);
  refresh();
  return {
    refresh,
    remove: () => {
      stop();
      added.remove();
    },
  };
}

/** The services of the chart that the layer uses. */
interface Host {
  format: (price: number) => string;
  redraw: () => void;
}

class AlertLayer implements ChartLayer {
  private lines = new Map<string, { alert: Alert; line: PriceLineLayer }>();
  private coordinates: Coordinates | null = null;

  constructor(
    private readonly book: AlertBook,
    private readonly host: Host,
  ) {}

  show(alerts: readonly Alert[]): void {
    this.lines = new Map(
      alerts.map((alert) => [alert.id, { alert, line: lineOf(alert, this.host.format) }]),
    );
  }

  draw(frame: LayerFrame): void {
    this.coordinates = frame.coordinates;
    for (const { line } of this.lines.values()) line.draw(frame);
  }

  priceLabels(): PriceLabel[] {
    return [...this.lines.values()].flatMap(({ line }) => line.priceLabels());
  }

  cursorAt(at: Point): string | null {
    return this.nearest(at, REACH_PX) === null ? null : "ns-resize";
  }

  press(at: Point, { pointerType }: PointerEvent): Drag | null {
    const id = this.nearest(at, pointerType === "touch" ? REACH_TOUCH_PX : REACH_PX);
    const held = id === null ? undefined : this.lines.get(id);
    if (id === null || held === undefined) return null;
    let price: number | null = null;
    return {
      move: ({ y }) => {
        price = this.coordinates?.yToPrice(y) ?? price;
        if (price !== null) held.line.update({ price });
        this.host.redraw();
      },
      end: (_, cancelled) => {
        if (price === null) return;
        if (cancelled) held.line.update({ price: held.alert.price });
        else this.book.change(id, { price });
        this.host.redraw();
      },
    };
  }

  /** The id of the nearest line within `reach` of a point. */
  private nearest({ y }: Point, reach: number): string | null {
    const { coordinates } = this;
    if (coordinates === null) return null;
    let [found, least]: [string | null, number] = [null, reach];
    for (const [id, { alert }] of this.lines) {
      const distance = Math.abs(coordinates.priceToY(alert.price) - y);
      if (distance <= least) [found, least] = [id, distance];
    }
    return found;
  }
}

function lineOf(alert: Alert, format: (price: number) => string): PriceLineLayer {
  const color = isArmed(alert) ? WAITING : DONE;
  const options = { price: alert.price, color, title: "", style: "dashed", width: 1 } as const;
  return new PriceLineLayer(options, format);
}
