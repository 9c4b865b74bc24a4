import { type Chart, createChart } from "../chart/chart";
import { byId } from "../dom";
import { MarketFeed } from "../feed/feed";
import { kernelIndicators } from "../indicators/kernel-indicators";
import { PipelineProbe } from "../pipeline/probe";
import type { Interval } from "../store/intervals";
import { MarketClock } from "../store/market-clock";
import { type Address, readToken } from "./address";
import { besidePage } from "./beside-page";
import { PageFrames } from "./frames";
import { Fullscreen } from "./fullscreen";
import { Incoming } from "./incoming";
import { IntervalButtons } from "./intervals";
import { Keys } from "./keys";
import { keptMagnet } from "./magnet";
import { Navigation } from "./navigation";
import { News } from "./news";
import { NewsMarkers } from "./news-markers";
import { insecureNotice, Notice } from "./notice";
import { OriginChip } from "./origin-chip";
import { PageStatus } from "./page-status";
import { Panels } from "./panels";
import { PastNote } from "./past-note";
import { PeerCandles } from "./peer-candles";
import { Pipeline } from "./pipeline";
import { PipelinePanel } from "./pipeline-panel";
import { Prices } from "./prices";
import { References } from "./references";
import { keptScale } from "./scale-select";
import { PageSession } from "./session";
import { SessionBreaks } from "./session-breaks";
import { keptInterval } from "./settings";
import { ShownBook } from "./shown-book";
import { ShownSignals } from "./shown-signals";
import { CrosshairSpeech } from "./speech";
import { SymbolStates } from "./symbols";
import { chartTheme, ThemeButton } from "./theme";
import { Tips } from "./tip";
import { Toolbar } from "./toolbar";
import { TradeFigures } from "./trade-figures";
import { WatchList } from "./watch-list";
import { ZoneMenu } from "./zone-menu";

const FIRST_INTERVAL: Interval = "1m";

/** The dashboard: its parts, and what each does for the others. */
export class Page {
  readonly market = new SymbolStates();
  readonly clock = new MarketClock();
  readonly panels = new Panels();
  readonly notice = new Notice();
  readonly origin = new OriginChip();
  readonly past = new PastNote();
  readonly watch = new WatchList(this.market, {
    onSelect: (symbol) => this.navigation.select(symbol),
    onShown: (symbol) => this.references.want(symbol),
    onDone: () => this.panels.close(),
  });
  readonly intervals = new IntervalButtons((interval) => this.navigation.choose(interval));
  readonly news = new News((symbol) => this.navigation.select(symbol));
  readonly zone = new ZoneMenu((zone) => {
    this.chart.setTimeZone(zone);
    this.frames.request();
  });
  readonly feed = new MarketFeed({ url: besidePage("socket"), ...readToken(location.hash) });
  readonly probe = new PipelineProbe(this.feed, true);
  readonly pipeline = new Pipeline(this.probe.state);
  readonly pipelinePanel = new PipelinePanel(
    this.probe,
    () => this.chart.timeZone,
    (reason) => this.tellFailure(reason),
  );
  readonly prices = new Prices(
    this.watch,
    this.clock,
    (journey) => this.pipelinePanel.follow(journey),
    (reason) => this.tellFailure(reason),
  );
  readonly book = new ShownBook(
    () => this.frames.request(),
    (reason) => this.tellFailure(reason),
  );
  readonly references = new References(this.feed, {
    onDay: (symbol, day) => {
      this.market.setDay(symbol, day);
      this.frames.request();
    },
    onCloses: (symbol, closes) => {
      this.market.setCloses(symbol, closes);
      this.frames.request();
    },
    isJoined: (symbol, interval) => this.peers.has(symbol, interval),
  });
  readonly peers: PeerCandles;
  readonly session: PageSession;
  readonly chart: Chart;
  readonly signals: ShownSignals;
  readonly newsMarkers: NewsMarkers;
  readonly status: PageStatus;
  readonly frames: PageFrames;
  readonly toolbar: Toolbar;
  readonly navigation: Navigation;

  constructor(address: Address) {
    const kernels = kernelIndicators({
      candlesOf: (symbol, interval) => this.peers.hold(symbol, interval),
    });
    const interval = address.interval ?? keptInterval() ?? FIRST_INTERVAL;
    this.chart = createChart(byId("chart-area"), {
      renderer: address.renderer,
      timeZone: this.zone.zone,
      scale: address.scale ?? keptScale() ?? "linear",
      theme: chartTheme(),
      indicators: kernels,
      magnet: keptMagnet(),
      countdown: true,
      clock: this.clock,
      paneHeights: this.panels.paneHeights,
    });
    this.chart.element.id = "chart";
    this.chart.addLayer(new SessionBreaks(() => this.session.tradingHours));
    new TradeFigures(this.chart);
    this.chart.on("panes", (heights) => this.panels.keepPaneHeights(heights));
    this.session = new PageSession(this.feed, interval, new Incoming(this));
    this.peers = new PeerCandles(this, (symbol, reason) => {
      this.tellFailure(`Candles of ${symbol}: ${reason}`);
    });
    this.signals = new ShownSignals(
      this.chart,
      () => this.session.interval,
      () => this.frames.request(),
      (reason) => this.tellFailure(reason),
    );
    this.newsMarkers = new NewsMarkers(this.chart);
    this.status = new PageStatus(this.feed, this.session, this.chart, this.pipeline);
    this.frames = new PageFrames(this);
    const onFailure = (reason: string) => this.tellFailure(reason);
    this.chart.on("failure", onFailure);
    this.toolbar = new Toolbar(this.chart, this.feed, {
      kernels,
      indicators: address.indicators,
      peers: this.peers,
      compare: address.compare,
      current: () => this.shownPrice(),
      symbols: () => this.market.symbols.keys(),
      onChoose: (symbol) => this.navigation.select(symbol),
      onEdited: () => this.navigation.writeAddress(false),
      onCompared: () => this.navigation.writeAddress(true),
      onFailure,
      onDone: (told) => this.status.say("good", told),
    });
    this.navigation = new Navigation(this, address, {
      onLeave: () => this.forgetSymbol(),
      onShown: () => this.frames.request(),
    });
    this.intervals.setSelected(interval);
    this.watch.rebuild();
    this.listen();
    this.tell([insecureNotice(window.isSecureContext), ...address.faults]);
    this.feed.connect();
  }

  private listen(): void {
    this.chart.on("computed", () => this.probe.computed());
    this.probe.state.onJourney((journey) => this.prices.tape.trace(journey));
    this.feed.news({
      onLatest: (headlines) => this.takeNews(() => this.news.reset(headlines)),
      onHeadline: (headline) => this.takeNews(() => this.news.push(headline)),
    });
    this.feed.onStatus(() => this.status.report());
    new ThemeButton(() => this.chart.setTheme(chartTheme()));
    new Tips();
    new CrosshairSpeech(
      this.chart,
      () => this.chart.timeZone,
      ({ time }) => [...this.signals.titlesAt(time), ...this.newsMarkers.titlesAt(time)].join(", "),
    );
    const fullscreen = new Fullscreen();
    new Keys([
      ...this.navigation.shortcuts,
      ...this.toolbar.shortcuts,
      { keys: ["f"], does: "Full screen", run: () => void fullscreen.toggle() },
      { keys: ["t"], does: "Light or dark theme", run: () => byId("theme").click() },
      { keys: ["z"], does: "Time zone", run: () => this.zone.open() },
    ]);
  }

  private tellFailure(reason: string): void {
    this.status.say("bad", reason);
  }

  /** Show the faults of the start, all at once. */
  private tell(faults: readonly (string | null)[]): void {
    const told = faults.filter((fault) => fault !== null).join(" ");
    if (told !== "") this.notice.show(told);
  }

  private takeNews(take: () => void): void {
    take();
    this.newsMarkers.show(this.news.latest);
    this.frames.request();
  }

  /** Another symbol is about to be shown. */
  private forgetSymbol(): void {
    this.prices.clear();
    this.book.clear();
    this.status.forgetSymbol();
    this.signals.reset();
  }

  private shownPrice(): { symbol: string; last: string | null } | null {
    const { symbol } = this.session;
    if (symbol === null) return null;
    return { symbol, last: this.market.symbols.get(symbol)?.last ?? null };
  }
}
