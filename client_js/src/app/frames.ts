import type { Chart } from "../chart/chart";
import { FrameLoop, Level } from "../chart/invalidate";
import type { PipelineProbe } from "../pipeline/probe";
import { PanelLoop } from "./loops";
import type { News } from "./news";
import type { PageStatus } from "./page-status";
import type { PastNote } from "./past-note";
import type { PeerCandles } from "./peer-candles";
import type { Pipeline } from "./pipeline";
import type { Prices } from "./prices";
import type { PageSession } from "./session";
import type { ShownBook } from "./shown-book";
import type { ShownSignals } from "./shown-signals";
import type { SymbolStates } from "./symbols";

const CLOCK_MS = 1000;

/** The parts of the page that are drawn. */
export interface DrawnParts {
  readonly market: SymbolStates;
  readonly session: PageSession;
  readonly chart: Chart;
  readonly prices: Prices;
  readonly book: ShownBook;
  readonly past: PastNote;
  readonly peers: PeerCandles;
  readonly news: News;
  readonly signals: ShownSignals;
  readonly pipeline: Pipeline;
  readonly status: PageStatus;
  readonly probe: PipelineProbe;
}

/** Draws the page around the chart: all prices in the chart's frames, the lists less often. */
export class PageFrames {
  private readonly lists = new PanelLoop(() => this.renderLists());
  private readonly prices = new FrameLoop(() => this.renderPrices());

  constructor(private readonly parts: DrawnParts) {
    setInterval(() => this.tick(), CLOCK_MS);
    parts.chart.on("frame", (drawn) => {
      const { past, session, peers, chart, status, probe } = parts;
      // All other prices follow in the same frame, from the same state.
      this.renderPrices();
      past.follow(session.older, chart.visibleBars());
      const visible = chart.visibleRange();
      if (visible !== null) peers.near(visible);
      status.reportChart(drawn);
      probe.drawn("chart");
    });
  }

  /** Ask for everything to be drawn soon. */
  request(): void {
    this.lists.request();
  }

  /** Ask for the prices to be drawn in the next frame. */
  requestPrices(): void {
    this.prices.request(Level.Data);
  }

  private tick(): void {
    this.lists.request();
    // A hidden tab gets no frames, but its title is seen.
    if (document.hidden) this.renderPrices();
  }

  private renderPrices(): void {
    const { market, session, prices, chart, status } = this.parts;
    const { symbol, store } = session;
    const state = symbol === null ? undefined : market.symbols.get(symbol);
    if (state !== undefined && store !== null) {
      // The chart may have seen a price with more decimals.
      state.decimals = Math.max(state.decimals, store.decimals);
    }
    prices.render(state, chart.timeZone, performance.now());
    status.reportLast(state?.last ?? null);
  }

  private renderBook(): void {
    const { market, session, book } = this.parts;
    book.render(market.symbols.get(session.symbol ?? "")?.decimals ?? 0);
  }

  private renderLists(): void {
    const { chart, news, signals, pipeline, status, probe } = this.parts;
    this.renderPrices();
    this.renderBook();
    news.render(chart.timeZone);
    signals.render(chart.timeZone);
    pipeline.render();
    status.render();
    probe.drawn("lists");
  }
}
