import { expect, test } from "vitest";
import { Coordinates } from "../src/chart/coordinates";
import { layOut } from "../src/chart/geometry";
import { readPoint } from "../src/chart/magnet";
import { PriceScale } from "../src/chart/price-scale";
import { Viewport } from "../src/chart/viewport";
import { CandleStore } from "../src/store/candle-store";

const PANE = { width: 900, height: 600, ratio: 1 };

function shown(): Coordinates {
  const store = new CandleStore("0.01");
  const bar = {
    open: "100.13",
    high: "107.77",
    low: "94.01",
    close: "103.5",
    volume: 1,
    trades: 1,
  };
  store.reset(Array.from({ length: 50 }, (_, i) => ({ ...bar, time: 60_000 * i })));
  const view = new Viewport();
  view.resize(PANE.width);
  view.setCount(store.count, 0);
  view.fit();
  const geometry = layOut(store, view, new PriceScale(), PANE);
  return new Coordinates(store, geometry, 60_000, PANE.ratio);
}

test("the magnet takes the nearest of the four prices, to the tick", () => {
  const coordinates = shown();
  const x = coordinates.indexToX(20);
  const at = (price: number) => readPoint({ x, y: coordinates.priceToY(price) }, coordinates, true);
  const read = [108, 106, 102, 101, 97, 90].map(at);
  expect(read.map(({ units }) => units)).toEqual([10_777, 10_777, 10_350, 10_013, 9401, 9401]);
  expect(read[1].y).toBe(coordinates.priceToY(107.77));
});

test("without the magnet, beside the candles and below their pane the point is read", () => {
  const coordinates = shown();
  const [x, y] = [coordinates.indexToX(20), coordinates.priceToY(102)];
  const units = Math.round(coordinates.yToPrice(y) * 100);
  expect(readPoint({ x, y }, coordinates, false)).toEqual({ y, units });
  for (const index of [-3, 50]) {
    const beside = { x: coordinates.indexToX(index), y };
    expect(readPoint(beside, coordinates, true)).toEqual({ y, units });
  }
  expect(readPoint({ x, y: PANE.height + 1 }, coordinates, true).y).toBe(PANE.height + 1);
});

test("a price that is out of sight attracts nothing", () => {
  const coordinates = shown();
  const x = coordinates.indexToX(20);
  // The pane ends above the close.
  const height = Math.round(coordinates.priceToY(105));
  const cut = new Coordinates(coordinates.store, { ...coordinates.geometry, height }, 60_000, 1);
  expect(readPoint({ x, y: height - 1 }, cut, true).units).toBe(10_777);
});
