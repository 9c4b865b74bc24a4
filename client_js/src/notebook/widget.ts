/**
 * The chart of tickfire.client.notebook: a widget of anywidget, whose candles its kernel sends.
 *
 * The kernel is asked for the candles whenever a view is made, so that each shows them all.
 */
import { type Chart, createChart } from "../chart/chart";
import type { BarInput } from "../store/bars";

/** The part of anywidget's model that is used here. */
export interface WidgetModel {
  get(name: string): unknown;
  send(content: object): void;
  on(event: string, callback: (...values: never[]) => void): void;
  off(event: string, callback: (...values: never[]) => void): void;
}

/** A message of the kernel. */
export type WidgetMessage = { type: "bars"; bars: BarRow[] } | { type: "changes"; bars: BarRow[] };

/** Time in ms, open, high, low, close, volume. */
export type BarRow = [number, string, string, string, string, number];

const barOf = ([time, open, high, low, close, volume]: BarRow): BarInput => ({
  time,
  open,
  high,
  low,
  close,
  volume,
});

function apply(chart: Chart, message: WidgetMessage): void {
  const bars = message.bars.map(barOf);
  if (message.type === "bars") chart.setBars(bars);
  else chart.appendBars(bars);
}

/** Draw the model's chart in an element; returns a function that ends it. */
export function render({ model, el }: { model: WidgetModel; el: HTMLElement }): () => void {
  const box = document.createElement("div");
  box.className = "tickfire-widget";
  box.style.height = `${model.get("height")}px`;
  el.append(box);
  const tickSize = model.get("tick_size") as string;
  const chart = createChart(box, {
    symbol: model.get("symbol") as string,
    interval: model.get("interval") as string,
    theme: model.get("theme") as "dark" | "light",
    timeZone: model.get("time_zone") as string,
    ...(tickSize !== "" && { tickSize }),
  });
  const take = (message: WidgetMessage) => apply(chart, message);
  const restyle = () => chart.setTheme(model.get("theme") as "dark" | "light");
  model.on("msg:custom", take);
  model.on("change:theme", restyle);
  model.send({ type: "ready" });
  return () => {
    model.off("msg:custom", take);
    model.off("change:theme", restyle);
    chart.destroy();
  };
}

export default { render };
