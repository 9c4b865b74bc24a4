/** Draws charts of the package with both renderers, as tests/render describes them. */

import { createChart } from "./package/chart.js";

const RENDERERS = ["webgpu", "canvas2d"];
/** Animation frames in which nothing is drawn, after which a chart has settled. */
const CALM_FRAMES = 2;

let frames = 0;
const failures = new Set();
const views = RENDERERS.map((renderer) => {
  const place = document.body.appendChild(document.createElement("div"));
  const chart = createChart(place, { renderer });
  const view = { renderer, place, chart, added: [], onFrame: () => {} };
  chart.on("frame", () => {
    frames++;
    view.onFrame();
  });
  chart.on("failure", (reason) => failures.add(reason));
  return view;
});
/** The pixels of all charts drawn so far, by number and renderer. */
const images = new Map();
const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });

const animationFrame = () => new Promise(requestAnimationFrame);
const floats = (numbers) => Float64Array.from(numbers, (each) => each ?? Number.NaN);

async function settle() {
  let seen = -1;
  for (let calm = 0; calm < CALM_FRAMES; seen = frames) {
    await animationFrame();
    const isReady = views.every(({ chart }) => chart.renderer !== null);
    calm = isReady && frames === seen ? calm + 1 : 0;
  }
}

function clear({ chart, added }) {
  for (const id of chart.seriesIds) chart.removeSeries(id);
  for (const each of added.splice(0)) each.remove();
}

function show(view, given) {
  const { place, chart, added } = view;
  clear(view);
  Object.assign(place.style, { width: `${given.width}px`, height: `${given.height}px` });
  chart.show({ symbol: "X", interval: given.intervalMs, tickSize: given.tickSize });
  chart.setTheme(given.theme);
  chart.setScale(given.scale);
  const [time, open, high, low, close, volume] = given.bars;
  chart.setBars(
    time.map((at, i) => ({
      time: at,
      open: open[i],
      high: high[i],
      low: low[i],
      close: close[i],
      volume: volume[i],
    })),
  );
  given.series.forEach(({ plots, ...series }, index) => {
    chart.setSeries(`series-${index}`, {
      ...series,
      time: Float64Array.from(series.time),
      plots: plots.map(({ values, breaks, ...look }) => ({
        ...look,
        values: floats(values),
        ...(breaks === undefined ? {} : { breaks: floats(breaks) }),
      })),
    });
  });
  for (const line of given.lines) added.push(chart.priceLine(line));
  if (given.range !== null) chart.visibleRange(given.range);
}

/** Turn the wheel over the price axis, then show the same candles again. */
async function zoomPrices(given) {
  await settle();
  for (const { place, chart } of views) {
    const wheel = new WheelEvent("wheel", { deltaY: given.wheel, cancelable: true });
    place.querySelector(".axis-price").dispatchEvent(wheel);
    if (given.range !== null) chart.visibleRange(given.range);
  }
}

/** Read the pixels with the next frame, while a GPU still has them. */
function read(view, given) {
  return new Promise((resolve) => {
    view.onFrame = () => {
      view.onFrame = () => {};
      const canvas = view.place.querySelector(".pane-canvas");
      const { width, height } = canvas;
      Object.assign(context.canvas, { width, height });
      context.drawImage(canvas, 0, 0);
      const { data } = context.getImageData(0, 0, width, height);
      images.set(`${given.number} ${view.renderer}`, data);
      resolve({ width, height, data });
    };
    view.chart.setTheme(given.theme);
  });
}

async function digest(data) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function drawOne(given) {
  failures.clear();
  for (const view of views) show(view, given);
  if (given.wheel !== 0) await zoomPrices(given);
  await settle();
  const drawn = await Promise.all(views.map((view) => read(view, given)));
  const [{ width, height }] = drawn;
  const digests = await Promise.all(drawn.map(({ data }) => digest(data)));
  return {
    pane: { width, height, ratio: devicePixelRatio },
    digests: Object.fromEntries(RENDERERS.map((name, i) => [name, digests[i]])),
    texts: given.prices.map((price) => views[0].chart.priceText(price)),
    failures: [...failures],
  };
}

/** Load parts of the package, so that a chart that asks for one has it at once. */
async function load(names) {
  await Promise.all(names.map((name) => import(`./package/${name}`)));
}

/** Draw charts, given as JSON; returns for each its pane, texts, failures and digests of pixels. */
async function drawAll(json) {
  const drawn = [];
  for (const given of JSON.parse(json)) drawn.push(await drawOne(given));
  return drawn;
}

/** The pixels of a chart that was drawn, red, green, blue and alpha, in base64. */
function pixels(number, renderer) {
  const data = images.get(`${number} ${renderer}`);
  let text = "";
  for (let at = 0; at < data.length; at += 0x8000) {
    text += String.fromCharCode(...data.subarray(at, at + 0x8000));
  }
  return btoa(text);
}

Object.assign(window, { load, drawAll, pixels });
