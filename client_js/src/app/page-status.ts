import type { Chart } from "../chart/chart";
import type { ChartEvents } from "../chart/chart-events";
import { setData } from "../dom";
import type { Recovery } from "../feed/cursor";
import type { MarketFeed } from "../feed/feed";
import type { Delivery, FeedReport, Missed, Tick } from "../feed/payloads";
import { RateCounter } from "../store/rate";
import { ConnectionLamp, type PageState, pageState } from "./connection";
import { EmptyChart, emptiness } from "./empty";
import { feedTrouble } from "./feed-trouble";
import { FreshnessView, freshness, type Pulse } from "./freshness";
import type { Pipeline } from "./pipeline";
import { ShownPosition } from "./position";
import type { PageSession } from "./session";
import { StatusLine } from "./status-line";

/**
 * Follows how the page is doing, and tells it: the lamp, the status line, the age of the values,
 * the message in an empty chart, and data attributes of the root element for styles and tests.
 */
export class PageStatus {
  private readonly lamp = new ConnectionLamp();
  private readonly line = new StatusLine();
  private readonly empty = new EmptyChart();
  private readonly age = new FreshnessView();
  private readonly rate = new RateCounter();
  private readonly pulse: Pulse = { market: null, symbol: null, lost: null };
  private readonly position = new ShownPosition();
  /** The server's reason for refusing the shown candles, until they are joined. */
  private refusal: string | null = null;
  private feeds: readonly FeedReport[] = [];
  private delivered: Delivery["state"] = "live";

  constructor(
    private readonly feed: MarketFeed,
    private readonly session: PageSession,
    private readonly chart: Chart,
    private readonly pipeline: Pipeline,
  ) {}

  /** A trade of any symbol has come. */
  heard(tick: Tick): void {
    const now = performance.now();
    this.rate.add(now);
    this.pulse.market = now;
    this.position.heard(tick, tick.symbol === this.session.symbol);
  }

  /** Something of the shown symbol has come, by its own topic. */
  heardSymbol(): void {
    this.pulse.symbol = performance.now();
  }

  /** A trade of the shown symbol has come, by its own topic. */
  heardOwn(tick: Tick): void {
    this.heardSymbol();
    this.position.heardOwn(tick);
  }

  /** The shown symbol's state has come, with all trades so far. */
  heardSnapshot(): void {
    this.heardSymbol();
    this.position.reset();
  }

  /** Another symbol is shown. */
  forgetSymbol(): void {
    this.position.reset();
  }

  /** Show a message until the next one replaces it. */
  say(tone: "good" | "bad", text: string): void {
    this.line.say(tone, text);
  }

  /** The state of each feed has come. */
  heardFeeds(feeds: readonly FeedReport[]): void {
    this.feeds = feeds;
    this.report();
  }

  recovery(recovery: Recovery): void {
    this.line.recovery(recovery);
    this.delivered = "live";
    // Trades of the outage may be unknown, so the market's silence is timed from now on.
    if (!recovery.recovered && this.pulse.market !== null) this.pulse.market = performance.now();
  }

  gap(gap: Missed): void {
    this.line.gap(gap);
  }

  /** Tell how trades come; returns whether that has changed. */
  delivery(delivery: Delivery): boolean {
    const isNew = delivery.state !== this.delivered;
    this.delivered = delivery.state;
    if (isNew) this.line.delivery(delivery);
    return isNew;
  }

  refused(reason: string): void {
    this.refusal = reason;
    this.say("bad", reason);
    this.report();
  }

  /** Tell the last price that the page shows, and the position that it is of. */
  reportLast(price: string | null): void {
    const root = document.documentElement;
    setData(root, "lastPrice", price ?? "");
    setData(root, "position", this.position.id ?? "");
  }

  render(): void {
    const now = performance.now();
    const { market } = this.pulse;
    this.line.render({
      position: this.position.id,
      ticksPerSecond: this.rate.perSecond(now),
      latencyMs: this.pipeline.latency,
      candles: this.session.store?.count ?? 0,
      renderer: this.chart.renderer,
      quietMs: market === null ? null : now - market,
    });
    this.report();
  }

  /** Show the state of the connection and of the data. */
  report(): void {
    const { feed, session, pulse } = this;
    const state = pageState(feed.status, session);
    this.follow(state);
    this.lamp.render(state, feed.status);
    const trouble = feedTrouble(this.feeds, session.feedNumber, Date.now());
    this.age.render(freshness(state, pulse, performance.now(), trouble));
    const { symbol, interval, store } = session;
    const wanted = { symbol, interval, candles: store?.count ?? 0, refusal: this.refusal };
    this.empty.render(emptiness(state, feed.status, wanted, Date.now()));
    const root = document.documentElement;
    setData(root, "state", state);
    setData(root, "symbol", symbol ?? "");
    setData(root, "interval", interval);
    setData(root, "ticks", String(this.rate.total));
    setData(root, "latencyMs", this.pipeline.latency?.toFixed(3) ?? "");
  }

  /** Tell what the chart has drawn. */
  reportChart({ frames, axisDraws }: ChartEvents["frame"]): void {
    const root = document.documentElement;
    setData(root, "renderer", this.chart.renderer ?? "");
    setData(root, "candles", String(this.session.store?.count ?? 0));
    setData(root, "frames", String(frames));
    setData(root, "axisDraws", String(axisDraws));
  }

  private follow(state: PageState): void {
    if (state === "live") {
      this.pulse.lost = null;
      this.refusal = null;
    } else this.pulse.lost ??= performance.now();
  }
}
