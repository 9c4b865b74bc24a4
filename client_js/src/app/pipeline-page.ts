import { type Chart, createChart } from "../chart/chart";
import { byId, setData, setText } from "../dom";
import { barOf } from "../feed/bar-of";
import { MarketFeed } from "../feed/feed";
import type { CandlesReply } from "../feed/payloads";
import type { TopicSubscription } from "../feed/subscription";
import { kernelIndicators } from "../indicators/kernel-indicators";
import { PipelineProbe } from "../pipeline/probe";
import { PipelineView } from "../pipeline/view/view";
import { CandleStore } from "../store/candle-store";
import { readAddress, readToken } from "./address";
import { besidePage } from "./beside-page";
import { ConnectionLamp, pageState } from "./connection";
import { keptZone } from "./settings";
import { chartTheme, ThemeButton } from "./theme";

const INTERVAL = "1s";
const LIMIT = 300;
const CLOCK_MS = 1000;
const AVERAGE = { name: "ema", period: 20 } as const;

/** The page at `/pipeline`: the pipeline in full, and a chart in which the trades of it land. */
class PipelinePage {
  private readonly feed = new MarketFeed({
    url: besidePage("socket"),
    ...readToken(location.hash),
  });
  private readonly probe = new PipelineProbe(this.feed, false);
  private readonly chart: Chart;
  private readonly lamp = new ConnectionLamp();
  private readonly realtime: TopicSubscription<unknown>;
  private candles: TopicSubscription<CandlesReply> | null = null;

  constructor() {
    const view = new PipelineView(byId("pipeline"), this.probe.state, () => this.chart.timeZone);
    this.chart = createChart(byId("landing-chart"), {
      renderer: readAddress(location.search).renderer,
      timeZone: keptZone(),
      theme: chartTheme(),
      indicators: kernelIndicators(),
    });
    new ThemeButton(() => this.chart.setTheme(chartTheme()));
    const { name, ...params } = AVERAGE;
    this.chart.setIndicator(name, params);
    this.chart.on("frame", () => this.probe.drawn("chart"));
    this.chart.on("computed", () => this.probe.computed());
    this.realtime = this.feed.realtime({
      onInstruments: (instruments) => this.choose(instruments.map(({ symbol }) => symbol)),
      onTick: (tick) => this.probe.took(tick),
    });
    this.feed.onStatus(() => this.reportState());
    setInterval(() => this.reportState(), CLOCK_MS);
    this.probe.watch();
    view.show();
    this.feed.connect();
  }

  private reportState(): void {
    const { status } = this.feed;
    const session = { ready: this.realtime?.joined, live: this.candles?.joined ?? false };
    const state = pageState(status, session);
    this.lamp.render(state, status);
    setData(document.documentElement, "state", state);
  }

  /** Show the symbol in the address, or the first. */
  private choose(symbols: readonly string[]): void {
    if (this.candles !== null) return;
    const wanted = readAddress(location.search).symbol;
    const symbol = symbols.find((each) => each === wanted) ?? [...symbols].sort()[0];
    if (symbol !== undefined) this.join(symbol);
  }

  private join(symbol: string): void {
    let store: CandleStore | null = null;
    setText(byId("landing-symbol"), symbol);
    this.probe.show(symbol);
    this.candles = this.feed.candles(symbol, INTERVAL, {
      limit: LIMIT,
      onHistory: (reply) => {
        const target = store ?? new CandleStore(reply.tick_size ?? "0");
        target.reset(reply.candles.map(barOf));
        if (store === null) this.chart.show({ symbol, interval: INTERVAL, store: target });
        store = target;
        this.reportState();
      },
      onCandle: (candle) => {
        store?.apply(candle);
        this.probe.folded(candle, this.chart.indicatorIds.length > 0);
      },
    });
  }
}

byId("dashboard").setAttribute("href", `./${location.search}${location.hash}`);
new PipelinePage();
