import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { Coordinates } from "../src/chart/coordinates";
import { layOut } from "../src/chart/geometry";
import type { LayerFrame } from "../src/chart/layers";
import { PriceScale } from "../src/chart/price-scale";
import { RectBatch } from "../src/chart/rect-batch";
import { paletteOf, THEMES } from "../src/chart/theme";
import { Viewport } from "../src/chart/viewport";
import { duration } from "../src/format/time";
import { type Bar, CandleStore } from "../src/store/candle-store";
import {
  ANCHORS,
  checkedDrawing,
  type Drawing,
  type DrawingInput,
  type DrawingKind,
} from "../src/tools/drawing";
import { DrawingBook } from "../src/tools/drawing-book";
import { DrawingLayer } from "../src/tools/drawing-layer";
import { Editor, MOUSE, TOUCH } from "../src/tools/editor";
import { figureLines, figuresOf } from "../src/tools/figures";
import { distanceToSegment } from "../src/tools/hit";
import { pointOf } from "../src/tools/places";
import { MINUTE_MS, START_MS } from "./bars";

const SIZE = { width: 800, height: 400, ratio: 1 };
const RED = "#d03040";

function bars(count: number, intervalMs = MINUTE_MS): Bar[] {
  return Array.from({ length: count }, (_, i) => ({
    time: START_MS + i * intervalMs,
    open: (100 + (i % 7)).toFixed(2),
    high: (104 + (i % 7)).toFixed(2),
    low: (96 + (i % 7)).toFixed(2),
    close: (102 + (i % 7)).toFixed(2),
    volume: 10 + i,
    trades: 1,
  }));
}

function storeOf(count: number, intervalMs = MINUTE_MS): CandleStore {
  const store = new CandleStore("0.25");
  store.reset(bars(count, intervalMs));
  return store;
}

function coordinatesOf(store: CandleStore, intervalMs = MINUTE_MS): Coordinates {
  const viewport = new Viewport();
  viewport.resize(SIZE.width);
  viewport.setCount(store.count, 0);
  viewport.fit();
  return new Coordinates(store, layOut(store, viewport, new PriceScale(), SIZE), intervalMs, 1);
}

/** An editor on a pane on which 100 candles have been drawn. */
function desk() {
  const book = new DrawingBook();
  const editor = new Editor(
    book,
    () => "ESU4",
    () => undefined,
  );
  const coordinates = coordinatesOf(storeOf(100));
  editor.coordinates = coordinates;
  const last = START_MS + 99 * MINUTE_MS;
  const at = (back: number, price: number) =>
    pointOf({ time: last - back * MINUTE_MS, price }, coordinates);
  return { book, editor, coordinates, at, last };
}

function line(symbol: string, price: number, id?: string): DrawingInput {
  return { symbol, kind: "horizontal", anchors: [{ time: 1, price }], ...(id && { id }) };
}

const drawings = fc.constantFrom(...(Object.keys(ANCHORS) as DrawingKind[])).chain((kind) =>
  fc.record({
    id: fc.string({ minLength: 1 }),
    symbol: fc.constantFrom("ESU4", "EUR/USD", ""),
    kind: fc.constant(kind),
    anchors: fc.array(
      fc.record({ time: fc.integer(), price: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
      { minLength: ANCHORS[kind], maxLength: ANCHORS[kind] },
    ),
    color: fc.constantFrom("#102030", "#ffffff"),
  }),
);

test("drawings that are written are read again, each id once", () => {
  fc.assert(
    fc.property(fc.array(drawings, { maxLength: 8 }), (given) => {
      const text = JSON.stringify({ version: 1, drawings: given });
      const book = new DrawingBook();
      book.read(text);
      const again = new DrawingBook();
      again.read(book.write());
      expect(again.all).toEqual(book.all);
      expect(new Set(book.all.map(({ id }) => id)).size).toBe(book.all.length);
      expect(book.all.length).toBe(new Set(given.map(({ id }) => id)).size);
    }),
  );
});

test.each([
  ["{", "the text is not JSON (Expected property name"],
  ["", "the text is not JSON (Unexpected end"],
  ["null", 'the text has no list "drawings"'],
  ["[]", 'the text has no list "drawings"'],
  ['{"version":2,"drawings":[]}', "the version of the drawings must be 1, not 2"],
  ['{"drawings":[]}', "the version of the drawings must be 1, not undefined"],
  ['{"version":1,"drawings":[7]}', "drawing 1: a drawing must be an object"],
  ['{"version":1,"drawings":[{"id":"a","symbol":"E","kind":"arc","anchors":[]}]}', "kind of"],
  ['{"version":1,"drawings":[{"id":"a","symbol":"E","kind":"trend","anchors":[]}]}', "list of 2"],
])("a text that holds no drawings is refused and changes nothing: %s", (text, reason) => {
  const book = new DrawingBook();
  book.add(line("ESU4", 5));
  const before = book.all;
  expect(() => book.read(text)).toThrow(reason);
  expect(() => book.import(text)).toThrow(reason);
  expect(book.all).toEqual(before);
});

test.each([
  [{ id: "" }, "id of a drawing"],
  [{ symbol: 7 }, "symbol of a drawing"],
  [{ kind: "toString" }, "kind of a drawing must be one of trend"],
  [{ color: "red" }, 'color of a drawing must be "#rrggbb", not "red"'],
  [{ color: 7 }, 'color of a drawing must be "#rrggbb", not 7'],
  [{ anchors: [{ time: 1, price: Number.NaN }] }, "price of an anchor must be a finite number"],
  [{ anchors: [{ time: 1e17, price: 1 }] }, "time of an anchor must be ms"],
  [{ anchors: [null] }, "time of an anchor"],
])("a drawing that cannot be drawn is refused: %j", (wrong, reason) => {
  expect(() => checkedDrawing({ ...line("ESU4", 1, "a"), ...wrong })).toThrow(reason);
});

test("each edit is undone and done again, symbol by symbol", () => {
  const edit = fc.oneof(
    fc.record({ does: fc.constant("add" as const), price: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ does: fc.constant("change" as const), at: fc.nat(5) }),
    fc.record({ does: fc.constant("remove" as const), at: fc.nat(5) }),
  );
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 20 }), (edits) => {
      const book = new DrawingBook();
      book.add(line("NQU4", 7));
      const seen: (readonly Drawing[])[] = [book.of("ESU4")];
      for (const each of edits) {
        const before = book.of("ESU4");
        const id = each.does === "add" ? "" : (before[each.at]?.id ?? "");
        if (each.does === "add") book.add(line("ESU4", each.price));
        else if (each.does === "change") book.change(id, { anchors: [{ time: 2, price: 3 }] });
        else book.remove(id);
        if (book.of("ESU4") !== before) seen.push(book.of("ESU4"));
      }
      for (const each of [...seen].reverse().slice(1)) {
        expect(book.undo("ESU4")).toBe(true);
        expect(book.of("ESU4")).toEqual(each);
      }
      expect(book.undo("ESU4")).toBe(false);
      for (const each of seen.slice(1)) {
        expect(book.redo("ESU4")).toBe(true);
        expect(book.of("ESU4")).toEqual(each);
      }
      expect(book.redo("ESU4")).toBe(false);
      expect(book.of("NQU4").length).toBe(1);
    }),
  );
});

test("imported drawings come beside those that are there, as one edit that is told once", () => {
  const book = new DrawingBook();
  const told = vi.fn();
  const kept = book.add(line("ESU4", 5, "a"));
  book.on("change", told);
  const others = [line("ESU4", 6, "b"), line("ESU4", 7, "c"), line("NQU4", 8, "a")];
  const text = JSON.stringify({ version: 1, drawings: others.slice(0, 2) });
  expect(book.import(text)).toBe(2);
  expect(told.mock.calls).toEqual([["ESU4"]]);
  expect(book.of("ESU4").map(({ id }) => id)).toEqual(["a", "b", "c"]);
  book.undo("ESU4");
  expect(book.of("ESU4")).toEqual([kept]);
  book.import(JSON.stringify({ version: 1, drawings: others.slice(2) }));
  expect(new Set(book.all.map(({ id }) => id)).size, "an id that is taken is replaced").toBe(2);
});

test("there is a limit to the drawings of a symbol, and beyond it nothing changes", () => {
  const book = new DrawingBook();
  const many = Array.from({ length: 501 }, (_, i) => line("ESU4", i, String(i)));
  const text = JSON.stringify({ version: 1, drawings: many });
  expect(() => book.read(text)).toThrow("ESU4 would have 501 drawings; it can have 500");
  expect(() => book.import(text)).toThrow("501");
  expect(book.all).toEqual([]);
});

test("an anchor stays at its time when the interval changes, and comes back to its candle", () => {
  const fine = coordinatesOf(storeOf(100), MINUTE_MS);
  const coarse = coordinatesOf(storeOf(20, 5 * MINUTE_MS), 5 * MINUTE_MS);
  fc.assert(
    fc.property(fc.integer({ min: -50, max: 150 }), (minute) => {
      const anchor = { time: START_MS + minute * MINUTE_MS, price: 100 };
      expect(fine.xToTime(pointOf(anchor, fine).x)).toBe(anchor.time);
      const bar = START_MS + Math.floor(minute / 5) * 5 * MINUTE_MS;
      expect(coarse.xToTime(pointOf(anchor, coarse).x)).toBe(bar);
    }),
  );
});

test("the distance to a segment is that to its nearest point", () => {
  const point = fc.record({
    x: fc.integer({ min: -99, max: 99 }),
    y: fc.integer({ min: -99, max: 99 }),
  });
  fc.assert(
    fc.property(point, point, point, (at, from, to) => {
      const found = distanceToSegment(at, from, to);
      const steps = Array.from({ length: 201 }, (_, k) => k / 200);
      const sampled = Math.min(
        ...steps.map((share) =>
          Math.hypot(
            at.x - from.x - share * (to.x - from.x),
            at.y - from.y - share * (to.y - from.y),
          ),
        ),
      );
      expect(found).toBeLessThanOrEqual(sampled + 1e-9);
      expect(found).toBeGreaterThan(sampled - 2);
    }),
  );
});

test("a drag with a tool draws from one end to the other, and selects the drawing", () => {
  const { book, editor, at, last } = desk();
  editor.choose("trend");
  const drag = editor.press(at(30, 100), MOUSE);
  drag?.move(at(20, 101));
  expect(editor.shown[0].anchors.map(({ price }) => price)).toEqual([100, 101]);
  expect(book.all, "kept when it is complete").toEqual([]);
  drag?.end(at(10, 103), false);
  drag?.move(at(0, 99));
  const [drawn] = book.of("ESU4");
  expect(drawn.kind).toBe("trend");
  expect(drawn.anchors.map(({ time }) => (last - time) / MINUTE_MS)).toEqual([30, 20]);
  expect([editor.tool, editor.selected]).toEqual([null, drawn]);
});

test("two clicks draw as well; between them the end follows the pointer", () => {
  const { book, editor, at } = desk();
  editor.choose("measure");
  editor.press(at(30, 100), MOUSE)?.end(at(30, 100), false);
  editor.press(at(30, 100), MOUSE)?.end(at(30, 100), false);
  expect(book.all, "a measurement has an extent").toEqual([]);
  editor.hover(at(12, 102));
  expect(editor.shown[0].anchors[1].price).toBe(102);
  editor.press(at(10, 103), MOUSE)?.end(at(10, 103), false);
  expect(book.of("ESU4")[0].anchors.map(({ price }) => price)).toEqual([100, 103]);
});

test("a horizontal line needs one click", () => {
  const { book, editor, at } = desk();
  editor.choose("horizontal");
  editor.press(at(30, 100), TOUCH)?.end(at(30, 100), false);
  expect(book.of("ESU4")[0].anchors.map(({ price }) => price)).toEqual([100]);
});

test("a drawing is moved by its line and changed by its ends, each as one edit", () => {
  const { book, editor, at, last } = desk();
  const anchors = [30, 10].map((back) => ({ time: last - back * MINUTE_MS, price: 100 }));
  book.add({ symbol: "ESU4", kind: "trend", anchors });
  const reading = () =>
    book.of("ESU4")[0].anchors.map(({ time, price }) => [(last - time) / MINUTE_MS, price]);
  const drag = editor.press(at(20, 100), MOUSE);
  drag?.move(at(22, 101));
  drag?.move(at(25, 102));
  drag?.end(at(25, 102), false);
  expect(reading()).toEqual([
    [35, 102],
    [15, 102],
  ]);
  const end = editor.press(at(15, 102), MOUSE);
  end?.move(at(5, 104));
  end?.end(at(5, 104), false);
  expect(reading()).toEqual([
    [35, 102],
    [5, 104],
  ]);
  book.undo("ESU4");
  book.undo("ESU4");
  expect(reading()).toEqual([
    [30, 100],
    [10, 100],
  ]);
});

test("a movement that is cancelled, by Escape or by the system, leaves the drawing", () => {
  const { book, editor, at } = desk();
  book.add(line("ESU4", 100));
  const before = book.all;
  const drag = editor.press(at(20, 100), MOUSE);
  drag?.move(at(20, 103));
  expect(editor.cancel()).toBe(true);
  drag?.move(at(20, 104));
  drag?.end(at(20, 104), false);
  expect([book.all, editor.shown]).toEqual([before, before]);
  const taken = editor.press(at(20, 100), MOUSE);
  taken?.move(at(20, 103));
  taken?.end(at(20, 103), true);
  expect(book.all).toEqual(before);
});

test("a press beside every drawing is left to the chart and selects nothing", () => {
  const { book, editor, at } = desk();
  book.add(line("ESU4", 100));
  expect(editor.press(at(20, 100), MOUSE)).not.toBeNull();
  expect(editor.selected).not.toBeNull();
  expect(editor.press(at(20, 104), MOUSE)).toBeNull();
  expect(editor.selected).toBeNull();
});

test("a finger reaches further than a mouse", () => {
  const { book, editor, at } = desk();
  book.add(line("ESU4", 100));
  const { x, y } = at(20, 100);
  expect(editor.hit({ x, y: y + 12 }, MOUSE)).toBeNull();
  expect(editor.hit({ x, y: y + 12 }, TOUCH)?.drawing).toEqual(book.all[0]);
});

test("the magnet takes the nearest price of the candle", () => {
  const { book, editor, at } = desk();
  editor.magnet = true;
  editor.choose("horizontal");
  const near = at(99 - 70, 104.25);
  editor.press(near, MOUSE)?.end(near, false);
  expect(book.of("ESU4")[0].anchors[0].price, "the high").toBe(104);
});

test("keys alone draw, move and remove", () => {
  const { book, editor, last } = desk();
  const reading = () =>
    book.of("ESU4")[0].anchors.map(({ time, price }) => [(last - time) / MINUTE_MS, price]);
  expect([editor.place(), editor.step(1, 0), editor.removeSelected()]).toEqual([
    false,
    false,
    false,
  ]);
  editor.choose("trend");
  editor.step(-10, 0);
  editor.place();
  editor.step(-20, 0);
  editor.place();
  expect(reading()).toEqual([
    [10, 103],
    [30, 103],
  ]);
  editor.step(5, 0);
  expect(reading()).toEqual([
    [5, 103],
    [25, 103],
  ]);
  editor.step(0, 1);
  expect(reading()[0][1], "at least a tick").toBeGreaterThanOrEqual(103.25);
  expect(editor.removeSelected()).toBe(true);
  expect(book.all).toEqual([]);
});

test("Escape gives up what is being drawn, and then the selection", () => {
  const { book, editor, at } = desk();
  editor.choose("trend");
  editor.press(at(30, 100), MOUSE)?.end(at(30, 100), false);
  expect(editor.cancel()).toBe(true);
  expect([editor.tool, editor.shown, book.all]).toEqual([null, [], []]);
  expect(editor.cancel(), "nothing left to cancel").toBe(false);
});

test("a measurement counts candles, time, price and the volume from end to end", () => {
  const store = storeOf(100);
  const anchors = [
    { time: START_MS + 10 * MINUTE_MS, price: 100 },
    { time: START_MS + 13 * MINUTE_MS + 5, price: 102.5 },
  ];
  const figures = figuresOf(store, anchors, MINUTE_MS);
  expect(figures).toEqual({ candles: 3, ms: 180_000, change: 2.5, share: 0.025, volume: 86 });
  expect(figureLines(figures, 2)).toEqual(["+2.50 (+2.50%)", "3 candles, 3 min", "Volume 86"]);
  const back = figuresOf(store, [...anchors].reverse(), MINUTE_MS);
  expect(figureLines(back, 2)).toEqual(["−2.50 (−2.44%)", "−3 candles, 3 min", "Volume 86"]);
});

test.each([
  [0, "0 s"],
  [45_000, "45 s"],
  [5_400_000, "1 h 30 min"],
  [86_400_000, "1 d"],
  [3 * 86_400_000 + 4 * 3_600_000 + 60_000, "3 d 4 h"],
])("a duration of %i ms is %s", (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test("whatever is drawn stays in the pane, in whole pixels, however far its ends are", () => {
  const place = fc.record({
    time: fc.integer({ min: -1e6, max: 1e6 }).map((minute) => START_MS + minute * MINUTE_MS),
    price: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  });
  const kinds = fc.constantFrom(...(Object.keys(ANCHORS) as DrawingKind[]));
  fc.assert(
    fc.property(kinds, place, place, (kind, one, other) => {
      const { book, editor, coordinates } = desk();
      const anchors = [one, other].slice(0, ANCHORS[kind]);
      editor.select(book.add({ symbol: "ESU4", kind, anchors, color: RED }).id);
      const [under, over] = [new RectBatch(), new RectBatch()];
      const { width, height } = SIZE;
      const palette = paletteOf(THEMES.dark);
      const frame: LayerFrame = { under, over, coordinates, palette, width, height };
      new DrawingLayer(editor, { show: () => undefined }).draw(frame);
      for (const batch of [under, over]) {
        batch.forEach((x, y, w, h) => {
          for (const each of [x, y, w, h]) expect(Number.isInteger(each)).toBe(true);
          expect(x).toBeGreaterThanOrEqual(-2);
          expect(x + w).toBeLessThanOrEqual(width + 2);
          expect(y).toBeGreaterThanOrEqual(0);
          expect(y + h).toBeLessThanOrEqual(height);
        });
        expect(batch.count).toBeLessThan(5000);
      }
    }),
    { numRuns: 60 },
  );
});
