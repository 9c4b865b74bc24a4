import { type Added, type Chart, createChart } from "../chart/chart";
import { FrameLoop, Level } from "../chart/invalidate";
import { byId } from "../dom";
import { MarketFeed } from "../feed/feed";
import type { Instrument, Tick } from "../feed/payloads";
import { kernelIndicators } from "../indicators/kernel-indicators";
import { PipelineProbe } from "../pipeline/probe";
import type { CandleStore } from "../store/candle-store";
import { INTERVALS, type Interval } from "../store/intervals";
import { type Address, readAddress, readToken, writeAddress } from "./address";
import { Alerts } from "./alerts";
import { besidePage } from "./beside-page";
import { firstSymbol } from "./choice";
import { SPARK_INTERVAL } from "./closes";
import type { Drawings } from "./drawings";
import { ExportMenu } from "./export-menu";
import { Fullscreen } from "./fullscreen";
import { Indicators } from "./indicators";
import { IntervalButtons } from "./intervals";
import { Keys } from "./keys";
import { PanelLoop } from "./loops";
import { News } from "./news";
import { insecureNotice, Notice } from "./notice";
import { PageStatus } from "./page-status";
import { Panels } from "./panels";
import { PastNote } from "./past-note";
import { Pipeline } from "./pipeline";
import { PipelinePanel } from "./pipeline-panel";
import { Prices } from "./prices";
import { ProfileSwitch } from "./profile-switch";
import { Python } from "./python";
import { References } from "./references";
import { keptScale, ScaleSelect } from "./scale-select";
import { type PageHandlers, PageSession } from "./session";
import { keptInterval, recall, remember } from "./settings";
import { SignalMarkers } from "./signal-markers";
import { Signals } from "./signals";
import { CrosshairSpeech } from "./speech";
import { SymbolStates } from "./symbols";
import { currentTheme, ThemeButton } from "./theme";
import { Tips } from "./tip";
import { Toasts } from "./toasts";
import { WatchList } from "./watch-list";
import { ZoneMenu } from "./zone-menu";

const CLOCK_MS = 1000;
const FIRST_INTERVAL: Interval = "1m";

/** The dashboard: passes data from the feed to the chart and the panels. */
export class Page {
  private readonly market = new SymbolStates();
  private readonly panels = new Panels();
  private readonly watch = new WatchList(this.market, {
    onSelect: (symbol) => this.select(symbol),
    onShown: (symbol) => this.references.want(symbol),
    onDone: () => this.panels.close(),
  });
  private readonly prices = new Prices(this.watch, (id) => this.pipelinePanel.follow(id));
  private readonly past = new PastNote();
  private readonly notice = new Notice();
  private readonly news = new News((symbol) => this.select(symbol));
  private readonly signals = new Signals();
  private readonly markers = new SignalMarkers();
  private shownMarkers: Added | null = null;
  private readonly intervals = new IntervalButtons((interval) => this.choose(interval));
  private readonly feed = new MarketFeed({
    url: besidePage("socket"),
    params: readToken(location.hash),
  });
  private readonly probe = new PipelineProbe(this.feed, true);
  private readonly pipeline = new Pipeline(this.probe.state);
  private readonly pipelinePanel = new PipelinePanel(this.probe, () => this.chart.timeZone);
  private readonly references = new References(this.feed, {
    onDay: (symbol, day) => {
      this.market.setDay(symbol, day);
      this.loop.request();
    },
    onCloses: (symbol, closes) => {
      this.market.setCloses(symbol, closes);
      this.loop.request();
    },
  });
  private readonly loop = new PanelLoop(() => this.render());
  private readonly priceLoop = new FrameLoop(() => this.renderPrices());
  private readonly zone = new ZoneMenu((zone) => {
    this.chart.setTimeZone(zone);
    this.loop.request();
  });
  private readonly session: PageSession;
  private readonly chart: Chart;
  private readonly indicators: Indicators;
  private readonly status: PageStatus;
  private readonly scale: ScaleSelect;
  private readonly alerts: Alerts;
  private readonly drawings: Promise<Drawings>;

  constructor(private address: Address) {
    const kernels = kernelIndicators();
    this.chart = createChart(byId("chart-area"), {
      renderer: address.renderer,
      timeZone: this.zone.zone,
      scale: address.scale ?? keptScale() ?? "linear",
      theme: currentTheme(),
      indicators: kernels,
    });
    this.chart.element.id = "chart";
    const interval = address.interval ?? keptInterval() ?? FIRST_INTERVAL;
    this.session = new PageSession(this.feed, interval, this.handlers());
    this.status = new PageStatus(this.feed, this.session, this.chart, this.pipeline);
    const onFailure = (reason: string) => this.status.say("bad", reason);
    this.chart.on("failure", onFailure);
    this.chart.on("computed", () => this.probe.computed());
    this.chart.on("frame", (drawn) => {
      // All other prices follow in the same frame, from the same state.
      this.renderPrices();
      this.past.follow(this.session.older, this.chart.visibleBars());
      this.status.reportChart(drawn);
      this.probe.drawn("chart");
    });
    this.indicators = new Indicators(this.chart, address.indicators, {
      onFault: onFailure,
      onEdited: () => this.writeAddress(false),
    });
    new ProfileSwitch(this.chart, kernels);
    this.scale = new ScaleSelect(this.chart, () => this.writeAddress(false));
    new Python(this.chart, onFailure);
    this.probe.state.onJourney(({ id }) => this.prices.tape.trace(id));
    const toasts = new Toasts();
    this.alerts = new Alerts(this.chart, this.feed, toasts, {
      current: () => this.shownPrice(),
      onChoose: (symbol) => this.select(symbol),
    });
    // On demand: the tools are a large part of the page, and it can be read without them.
    this.drawings = import("./drawings").then(({ Drawings }) => new Drawings(this.chart, toasts));
    this.drawings.catch((error: unknown) => onFailure(`Nothing can be drawn: ${String(error)}`));
    new ExportMenu(this.chart, toasts);
    this.feed.news({
      onLatest: (headlines) => this.news.reset(headlines),
      onHeadline: (headline) => this.news.push(headline),
    });
    this.feed.onStatus(() => this.status.report());
    setInterval(() => this.tickClock(), CLOCK_MS);
    this.intervals.setSelected(interval);
    this.listen();
    this.watch.rebuild();
    const faults = [insecureNotice(window.isSecureContext), ...address.faults];
    const told = faults.filter((fault) => fault !== null).join(" ");
    if (told !== "") this.notice.show(told);
    this.feed.connect();
  }

  private handlers(): PageHandlers {
    return {
      onInstruments: (instruments) => this.setInstruments(instruments),
      onOrigin: (origin) => {
        this.news.setTicksOrigin(origin);
        this.loop.request();
      },
      onTick: (tick) => this.takeTick(tick),
      onTrade: (tick) => {
        this.status.heardOwn(tick);
        this.market.tick(tick);
        this.prices.tape.push(tick);
        this.probe.took(tick);
        this.priceLoop.request(Level.Data);
      },
      onSnapshot: (snapshot) => {
        this.status.heardSnapshot();
        this.prices.header.setQuote(snapshot);
        this.priceLoop.request(Level.Data);
      },
      onQuote: (quote) => {
        this.status.heardSymbol();
        this.prices.header.setQuote(quote);
        this.priceLoop.request(Level.Data);
      },
      onDay: (day) => {
        this.prices.header.setDay(day);
        if (this.session.symbol !== null) this.market.setDay(this.session.symbol, day);
        this.priceLoop.request(Level.Data);
      },
      onSignals: (signals) => {
        this.signals.reset(signals);
        this.markers.reset(signals);
        this.showMarkers();
      },
      onSignal: (signal) => {
        this.signals.push(signal);
        this.markers.push(signal);
        this.showMarkers();
      },
      onStore: (store) => this.showStore(store),
      onCandles: (candle) => {
        if (candle !== undefined) this.probe.folded(candle, this.chart.indicatorIds.length > 0);
      },
      onRecovery: (recovery) => {
        this.status.recovery(recovery);
        if (recovery.recovered) return;
        this.refreshReferences();
        this.alerts.missed(this.session);
      },
      onGap: (gap) => this.status.gap(gap),
      onRefused: (reason) => this.status.refused(reason),
      onJoined: () => this.status.report(),
    };
  }

  private setInstruments(instruments: readonly Instrument[]): void {
    if (this.market.setInstruments(instruments)) {
      // Rows request reference prices again, since new symbols have none yet.
      this.references.forget();
      this.haveReferences();
      this.watch.rebuild();
    }
    if (this.session.symbol === null) this.selectFirst();
    this.loop.request();
  }

  private selectFirst(): void {
    const first = firstSymbol(this.market.symbols.keys(), this.address.symbol, recall("symbol"));
    if (first === null) return;
    this.show(first.symbol, this.session.interval, false);
    if (first.missing === null) return;
    this.notice.show(`${first.missing} is not in this market; showing ${first.symbol}.`, {
      label: "Choose a symbol",
      run: () => this.openWatch(),
    });
  }

  /** Trades of the shown symbol come by its own topic as well, and are taken from there. */
  private takeTick(tick: Tick): void {
    this.status.heard(tick);
    this.alerts.tick(tick);
    if (tick.symbol !== this.session.symbol) this.market.tick(tick);
    this.probe.took(tick);
    this.loop.request();
  }

  private select(symbol: string): void {
    if (this.market.symbols.has(symbol)) this.show(symbol, this.session.interval, true);
  }

  private choose(interval: Interval): void {
    if (this.session.symbol === null) this.session.interval = interval;
    else this.show(this.session.symbol, interval, true);
    this.intervals.setSelected(interval);
  }

  /** Show a symbol at an interval; `isStep` if Back is to return from it. */
  private show(symbol: string, interval: Interval, isStep: boolean): void {
    if (symbol !== this.session.symbol) {
      this.prices.clear();
      this.status.forgetSymbol();
      this.signals.reset();
      this.markers.reset();
    }
    this.session.select(symbol, interval);
    this.haveReferences();
    this.watch.setSelected(symbol);
    this.intervals.setSelected(interval);
    remember("symbol", symbol);
    remember("interval", interval);
    this.writeAddress(isStep);
    this.loop.request();
  }

  private writeAddress(isStep: boolean): void {
    const { symbol, interval } = this.session;
    if (symbol === null) return;
    const { scale } = this.chart;
    writeAddress({ symbol, interval, indicators: this.indicators.text, scale }, isStep);
  }

  /** The user went back or forth in the browser's history. */
  private restore(): void {
    this.address = readAddress(location.search);
    const { symbol, interval, scale } = this.address;
    this.scale.show(scale ?? "linear");
    if (symbol === null || !this.market.symbols.has(symbol)) return;
    this.show(symbol, interval ?? this.session.interval, false);
  }

  private showStore(store: CandleStore): void {
    const { symbol, interval } = this.session;
    const { venue, timeZone: exchangeTimeZone = null } =
      this.market.symbols.get(symbol ?? "") ?? {};
    this.zone.setVenue(venue, exchangeTimeZone);
    this.chart.show({ symbol, interval, store, exchangeTimeZone });
    this.probe.show(symbol);
    this.showMarkers();
  }

  private showMarkers(): void {
    this.shownMarkers?.remove();
    this.shownMarkers = this.chart.addMarkers(this.markers.on(this.session.interval));
    this.loop.request();
  }

  /** Request nothing that the session has joined itself. */
  private haveReferences(): void {
    const { symbol, interval } = this.session;
    if (symbol === null) return;
    this.references.have(symbol, "1d");
    if (interval === SPARK_INTERVAL) this.references.have(symbol, interval);
  }

  private refreshReferences(): void {
    this.references.forget();
    this.haveReferences();
    for (const symbol of this.market.symbols.keys()) this.references.want(symbol);
  }

  private async openDrawings(): Promise<void> {
    (await this.drawings).openPanel();
  }

  private openWatch(): void {
    this.panels.open("watch", byId("symbol"));
    this.watch.focusSearch();
  }

  private listen(): void {
    new ThemeButton(() => this.chart.setTheme(currentTheme()));
    new Tips();
    new CrosshairSpeech(
      this.chart,
      () => this.chart.timeZone,
      ({ time }) => {
        const { interval } = this.session;
        return this.markers.titlesBetween(time, time + INTERVALS[interval], interval).join(", ");
      },
    );
    const fullscreen = new Fullscreen();
    const names = Object.keys(INTERVALS);
    new Keys([
      { keys: ["/"], does: "Choose a symbol", run: () => this.openWatch() },
      {
        keys: names.map((_, index) => String(index + 1)),
        shown: `1 to ${names.length}`,
        does: `Interval: ${names.join(", ")}`,
        run: (key) => this.choose(this.intervals.byKey(key) ?? this.session.interval),
      },
      { keys: ["i"], does: "Indicators", run: () => this.indicators.openMenu() },
      { keys: ["l"], does: "Scale: linear, log, percent", run: () => this.scale.next() },
      { keys: ["n"], does: "Price alerts", run: () => this.alerts.openPanel() },
      { keys: ["d"], does: "Draw", run: () => void this.openDrawings() },
      { keys: ["f"], does: "Full screen", run: () => void fullscreen.toggle() },
      { keys: ["t"], does: "Light or dark theme", run: () => byId("theme").click() },
      { keys: ["z"], does: "Time zone", run: () => this.zone.open() },
    ]);
    byId("symbol").addEventListener("click", () => this.openWatch());
    window.addEventListener("popstate", () => this.restore());
  }

  private tickClock(): void {
    this.loop.request();
    // A hidden tab gets no frames, but its title is seen.
    if (document.hidden) this.renderPrices();
  }

  private shownPrice(): { symbol: string; last: string | null } | null {
    const { symbol } = this.session;
    if (symbol === null) return null;
    return { symbol, last: this.market.symbols.get(symbol)?.last ?? null };
  }

  private renderPrices(): void {
    const { symbol, store } = this.session;
    const state = symbol === null ? undefined : this.market.symbols.get(symbol);
    if (state !== undefined && store !== null) {
      // The chart may have seen a price with more decimals.
      state.decimals = Math.max(state.decimals, store.decimals);
    }
    this.prices.render(state, this.chart.timeZone, performance.now());
    this.status.reportLast(state?.last ?? null);
  }

  /** Draw the panels. */
  private render(): void {
    this.renderPrices();
    this.news.render(this.chart.timeZone);
    this.signals.render(this.chart.timeZone);
    this.pipeline.render();
    this.status.render();
    this.probe.drawn("lists");
  }
}
