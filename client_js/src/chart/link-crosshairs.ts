import type { Chart } from "./chart";

/**
 * Show the crosshair of each of these charts in all others: at the same time, and at the same price
 * in those of the same symbol. Intervals and ranges may differ; in a chart where the time is out of
 * sight the crosshair is hidden. Returns the function that ends it.
 */
export function linkCrosshairs(...charts: readonly Chart[]): () => void {
  if (charts.length < 2) throw new TypeError("linkCrosshairs needs at least two charts");
  /** The chart in which the user moves the crosshair. */
  let source: Chart | null = null;
  const follow = () => {
    const point = source?.crosshair ?? null;
    // An empty chart has no times.
    const time = point?.time ?? Number.NaN;
    for (const chart of charts) {
      if (chart === source) continue;
      const price = chart.symbol === source?.symbol ? point?.price : undefined;
      const place = price === undefined ? {} : { price };
      chart.setCrosshair(Number.isNaN(time) ? null : { time, ...place });
    }
  };
  const stops = charts.flatMap((chart) => [
    chart.on("crosshair", (point) => {
      if (point === null && chart !== source) return;
      source = point && chart;
      follow();
    }),
    // Candles or scales have moved under it.
    chart.on("frame", () => {
      if (source !== null) follow();
    }),
  ]);
  return () => {
    for (const stop of stops.splice(0)) stop();
    for (const chart of charts) if (chart !== source) chart.setCrosshair(null);
    source = null;
  };
}
