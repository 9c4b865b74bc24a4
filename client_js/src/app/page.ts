import { type Added, type Chart, type ChartEvents, createChart } from "../chart/chart";
import { byId, setData, setText } from "../dom";
import { MarketFeed } from "../feed/feed";
import type { Instrument, Tick } from "../feed/payloads";
import type { Zone } from "../format/time";
import { kernelIndicators } from "../indicators/kernel-indicators";
import type { CandleStore } from "../store/candle-store";
import type { Interval } from "../store/intervals";
import { RateCounter } from "../store/rate";
import { ConnectionLamp, emptyText, pageState } from "./connection";
import { Header } from "./header";
import { Indicators } from "./indicators";
import { IntervalButtons } from "./intervals";
import { PanelLoop } from "./loops";
import { News } from "./news";
import { insecureNotice, Notice } from "./notice";
import type { OlderState } from "./older-candles";
import { Pipeline } from "./pipeline";
import { Python } from "./python";
import { References } from "./references";
import { type PageHandlers, PageSession } from "./session";
import {
  type AddressSettings,
  currentTheme,
  initialZone,
  keepZone,
  readToken,
  writeAddress,
} from "./settings";
import { SignalMarkers } from "./signal-markers";
import { Signals } from "./signals";
import { StatusLine } from "./status-line";
import { SymbolStates } from "./symbols";
import { Tape } from "./tape";
import { WatchList } from "./watch-list";

const CLOCK_MS = 1000;
/** What is left of the first candle. */
const OLDER_NOTES: Record<OlderState, string> = {
  more: "",
  loading: "Loading older candles",
  beginning: "Beginning of history",
  full: "Older candles do not fit into memory",
};

/** The dashboard: passes data from the feed to the chart and the panels. */
export class Page {
  private readonly market = new SymbolStates();
  private readonly rate = new RateCounter();
  private readonly header = new Header();
  private readonly tape = new Tape();
  private readonly pipeline = new Pipeline();
  private readonly status = new StatusLine();
  private readonly lamp = new ConnectionLamp();
  private readonly notice = new Notice();
  private readonly news = new News((symbol) => this.select(symbol));
  private readonly signals = new Signals();
  private readonly signalMarkers = new SignalMarkers();
  private readonly intervals = new IntervalButtons((interval) => this.choose(interval));
  private readonly feed = new MarketFeed({ url: "/socket", params: readToken(location.hash) });
  private readonly references = new References(this.feed, (symbol, reference, last) => {
    this.market.setDay(symbol, reference, last);
    this.panels.request();
  });
  private readonly watch = new WatchList(
    this.market,
    (symbol) => this.select(symbol),
    (symbol) => this.wantReference(symbol),
  );
  private readonly panels = new PanelLoop(() => this.render());
  private readonly session: PageSession;
  private readonly chart: Chart;
  private shownMarkers: Added | null = null;
  private readonly python: Python;
  private readonly empty = byId("chart-empty");
  private readonly past = byId("chart-past");
  private zone: Zone = initialZone();
  private position: string | null = null;
  private lastTickAt: number | null = null;

  constructor(private readonly address: AddressSettings) {
    this.chart = createChart(byId("chart-area"), {
      renderer: address.renderer,
      timeZone: this.zone,
      theme: currentTheme(),
      indicators: kernelIndicators(),
    });
    this.chart.element.id = "chart";
    this.chart.on("frame", (drawn) => this.reportChart(drawn));
    this.chart.on("failure", (reason) => this.status.say("bad", reason));
    new Indicators(this.chart);
    this.python = new Python(this.chart, (reason) => this.status.say("bad", reason));
    this.session = new PageSession(this.feed, address.interval, this.handlers());
    this.feed.trace({ onTrace: (sample) => this.pipeline.push(sample) });
    this.feed.news({
      onLatest: (headlines) => this.news.reset(headlines),
      onHeadline: (headline) => this.news.push(headline),
    });
    this.feed.onStatus(() => this.reportState());
    setInterval(() => this.panels.request(), CLOCK_MS);
    this.intervals.setSelected(address.interval);
    this.listen();
    const notice = insecureNotice(window.isSecureContext);
    if (notice !== null) this.notice.show(notice);
    this.feed.connect();
  }

  /** The page's colours have changed. */
  restyle(): void {
    this.chart.setTheme(currentTheme());
  }

  private handlers(): PageHandlers {
    return {
      onInstruments: (instruments) => this.setInstruments(instruments),
      onTick: (tick) => this.takeTick(tick),
      onTrade: (tick) => {
        this.tape.push(tick);
        this.panels.request();
      },
      onSnapshot: (snapshot) => {
        this.header.setQuote(snapshot);
        this.panels.request();
      },
      onQuote: (quote) => {
        this.header.setQuote(quote);
        this.panels.request();
      },
      onDay: (day) => {
        this.header.setDay(day);
        if (this.session.symbol !== null) {
          this.market.setDay(this.session.symbol, day.reference, day.last);
        }
        this.panels.request();
      },
      onSignals: (signals) => {
        this.signals.reset(signals);
        this.signalMarkers.reset(signals);
        this.showMarkers();
        this.panels.request();
      },
      onSignal: (signal) => {
        this.signals.push(signal);
        this.signalMarkers.push(signal);
        this.showMarkers();
        this.panels.request();
      },
      onStore: (store) => this.showStore(store),
      onCandles: () => {
        this.python.changed();
      },
      onRecovery: (recovery) => {
        this.status.recovery(recovery);
        if (!recovery.recovered) this.refreshReferences();
      },
      onGap: (gap) => this.status.gap(gap),
      onRefused: (reason) => this.status.say("bad", reason),
      onJoined: () => this.reportState(),
    };
  }

  private setInstruments(instruments: readonly Instrument[]): void {
    if (this.market.setInstruments(instruments)) {
      // Rows request reference prices again, since new symbols have none yet.
      this.references.forget();
      this.watch.rebuild();
    }
    if (this.session.symbol === null) {
      const known = [...this.market.symbols.keys()].sort();
      const wanted = this.address.symbol;
      const symbol = wanted !== null && known.includes(wanted) ? wanted : known[0];
      if (symbol !== undefined) this.select(symbol);
    }
    this.panels.request();
  }

  private takeTick(tick: Tick): void {
    const now = performance.now();
    this.rate.add(now);
    this.lastTickAt = now;
    this.position = tick.id;
    this.market.tick(tick);
    this.panels.request();
  }

  private select(symbol: string): void {
    if (!this.market.symbols.has(symbol) || symbol === this.session.symbol) return;
    this.references.have(symbol);
    this.header.clear();
    this.tape.clear();
    this.signals.reset();
    this.signalMarkers.reset();
    this.session.select(symbol, this.session.interval);
    this.watch.setSelected(symbol);
    this.selected();
  }

  private choose(interval: Interval): void {
    this.intervals.setSelected(interval);
    if (this.session.symbol === null) this.session.interval = interval;
    else this.session.select(this.session.symbol, interval);
    this.selected();
  }

  private selected(): void {
    const { symbol, interval } = this.session;
    if (symbol !== null) writeAddress(symbol, interval);
    this.panels.request();
  }

  private showStore(store: CandleStore): void {
    const { symbol, interval } = this.session;
    this.chart.show({ symbol, interval, store });
    this.showMarkers();
    this.python.show({ store, symbol: symbol ?? "", interval });
  }

  private showMarkers(): void {
    this.shownMarkers?.remove();
    this.shownMarkers = this.chart.addMarkers(this.signalMarkers.on(this.session.interval));
  }

  private wantReference(symbol: string): void {
    if (symbol !== this.session?.symbol) this.references.want(symbol);
  }

  private refreshReferences(): void {
    this.references.forget();
    for (const symbol of this.market.symbols.keys()) this.wantReference(symbol);
  }

  private listen(): void {
    const zone = byId("zone");
    const showZone = () => zone.replaceChildren(this.zone === "utc" ? "UTC" : "Local time");
    showZone();
    zone.addEventListener("click", () => {
      this.zone = this.zone === "utc" ? "local" : "utc";
      keepZone(this.zone);
      showZone();
      this.chart.setTimeZone(this.zone);
      this.news.restyle();
      this.signals.restyle();
      this.panels.request();
    });
    document.addEventListener("keydown", (event) => this.key(event));
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { target } = event;
    if (target instanceof Element && target.matches("input, select, textarea")) return;
    const interval = this.intervals.byKey(event.key);
    if (interval !== undefined) this.choose(interval);
    else if (event.key === "/") {
      event.preventDefault();
      this.watch.open();
    }
  }

  /** Draw the panels. */
  private render(): void {
    const now = performance.now();
    const { symbol, store } = this.session;
    const state = symbol === null ? undefined : this.market.symbols.get(symbol);
    if (state !== undefined) {
      this.header.render(state);
      this.tape.render(state.decimals, this.zone);
      document.title = state.last === null ? state.symbol : `${state.last} ${state.symbol}`;
    }
    this.watch.render();
    this.news.render(this.zone);
    this.signals.render(this.zone);
    this.pipeline.render();
    this.status.render({
      position: this.position,
      ticksPerSecond: this.rate.perSecond(now),
      latencyMs: this.pipeline.latency,
      candles: store?.count ?? 0,
      renderer: this.chart.renderer,
      quietMs: this.lastTickAt === null ? null : now - this.lastTickAt,
    });
    this.reportState();
  }

  /** Update the connection lamp and the root element's state, which style sheets and tests read. */
  private reportState(): void {
    const { feed, session } = this;
    if (session === undefined) return;
    const state = pageState(feed.status, session);
    this.lamp.render(state, feed.status);
    setText(this.empty, emptyText(state, session.symbol, session.store?.count ?? 0));
    const root = document.documentElement;
    setData(root, "state", state);
    setData(root, "symbol", session.symbol ?? "");
    setData(root, "interval", session.interval);
    setData(root, "position", this.position ?? "");
    setData(root, "ticks", String(this.rate.total));
    setData(root, "latencyMs", this.pipeline.latency?.toFixed(3) ?? "");
    const last = session.symbol === null ? null : this.market.symbols.get(session.symbol)?.last;
    setData(root, "lastPrice", last ?? "");
  }

  /** Load older candles as the chart nears its first, and tell when there are none. */
  private lookBack(): void {
    const older = this.session?.older;
    if (!older) return;
    const { left, right } = this.chart.visibleBars();
    older.near(left, right - left);
    const note = left < 1 ? OLDER_NOTES[older.state] : "";
    setText(this.past, note);
    this.past.hidden = note === "";
  }

  private reportChart({ frames, axisDraws }: ChartEvents["frame"]): void {
    this.lookBack();
    const root = document.documentElement;
    setData(root, "renderer", this.chart.renderer ?? "");
    setData(root, "candles", String(this.session.store?.count ?? 0));
    setData(root, "frames", String(frames));
    setData(root, "axisDraws", String(axisDraws));
  }
}
