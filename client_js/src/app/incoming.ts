import type { Chart } from "../chart/chart";
import type { Recovery } from "../feed/cursor";
import type {
  Book,
  Candle,
  Delivery,
  FeedReport,
  Imbalance,
  Instrument,
  Missed,
  Origin,
  PublisherQuotes,
  Quote,
  Snapshot,
  Statistic,
  Tick,
  TradingStatus,
} from "../feed/payloads";
import type { SignalEvent } from "../feed/signals";
import type { PipelineProbe } from "../pipeline/probe";
import type { CandleStore } from "../store/candle-store";
import type { MarketClock } from "../store/market-clock";
import type { PageFrames } from "./frames";
import type { Navigation } from "./navigation";
import type { News } from "./news";
import type { OriginChip } from "./origin-chip";
import type { PageStatus } from "./page-status";
import type { Prices } from "./prices";
import type { References } from "./references";
import type { Day, PageHandlers, PageSession } from "./session";
import type { SessionStats } from "./session-stats";
import type { ShownBook } from "./shown-book";
import type { ShownSignals } from "./shown-signals";
import type { SymbolStates } from "./symbols";
import type { Toolbar } from "./toolbar";
import type { WatchList } from "./watch-list";
import type { ZoneMenu } from "./zone-menu";

/** The parts of the page that incoming data changes. */
export interface ReceivingParts {
  readonly market: SymbolStates;
  readonly clock: MarketClock;
  readonly session: PageSession;
  readonly references: References;
  readonly navigation: Navigation;
  readonly chart: Chart;
  readonly zone: ZoneMenu;
  readonly watch: WatchList;
  readonly prices: Prices;
  readonly book: ShownBook;
  readonly origin: OriginChip;
  readonly news: News;
  readonly signals: ShownSignals;
  readonly toolbar: Toolbar;
  readonly status: PageStatus;
  readonly probe: PipelineProbe;
  readonly frames: PageFrames;
}

/** Passes incoming data to the parts of the page, and asks for them to be drawn. */
export class Incoming implements PageHandlers {
  constructor(private readonly parts: ReceivingParts) {}

  onFeeds(feeds: readonly FeedReport[]): void {
    this.parts.status.heardFeeds(feeds);
  }

  onInstruments(instruments: readonly Instrument[]): void {
    const { market, references, session, watch, navigation, frames } = this.parts;
    if (market.setInstruments(instruments)) {
      // Rows request reference prices again, since new symbols have none yet.
      references.forget();
      references.haveShown(session);
      watch.rebuild();
    }
    if (session.symbol === null) navigation.selectFirst();
    frames.request();
  }

  onOrigin(origin: Origin | null): void {
    this.parts.origin.show(origin);
    this.parts.news.setTicksOrigin(origin);
    this.parts.frames.request();
  }

  /** Trades of the shown symbol come by its own topic as well, and are taken from there. */
  onTick(tick: Tick): void {
    const { status, toolbar, session, market, clock, probe, frames } = this.parts;
    clock.hear(tick.timestamp);
    status.heard(tick);
    toolbar.alerts.tick(tick);
    if (tick.symbol !== session.symbol) market.tick(tick);
    probe.took(tick);
    frames.request();
  }

  onTrade(tick: Tick): void {
    const { status, market, prices, probe, frames } = this.parts;
    status.heardOwn(tick);
    market.tick(tick);
    prices.tape.push(tick);
    probe.took(tick);
    frames.requestPrices();
  }

  onSnapshot(snapshot: Snapshot): void {
    const { status, prices, frames } = this.parts;
    status.heardSnapshot();
    prices.header.setQuote(snapshot);
    frames.requestPrices();
  }

  onQuote(quote: Quote): void {
    const { status, prices, frames } = this.parts;
    status.heardSymbol();
    prices.header.setQuote(quote);
    frames.requestPrices();
  }

  onBook(book: Book | null): void {
    this.parts.book.set(book);
    this.parts.frames.request();
  }

  onDay(day: Day): void {
    const { prices, session, market, frames } = this.parts;
    prices.header.setDay(day);
    if (session.symbol !== null) market.setDay(session.symbol, day);
    frames.requestPrices();
  }

  onQuotes(quotes: PublisherQuotes | null): void {
    this.parts.book.setQuotes(quotes);
    this.parts.frames.request();
  }

  onStats(stats: Readonly<Record<string, Statistic>>): void {
    this.tellSession((shown) => shown.setStats(stats));
  }

  onTradingStatus(status: TradingStatus): void {
    this.tellSession((shown) => shown.setStatus(status));
  }

  onImbalance(imbalance: Imbalance): void {
    this.tellSession((shown) => shown.setImbalance(imbalance));
  }

  onSignals(signals: readonly SignalEvent[]): void {
    this.parts.signals.reset(signals);
    this.parts.frames.request();
  }

  onSignal(signal: SignalEvent): void {
    this.parts.signals.push(signal);
    this.parts.frames.request();
  }

  onStore(store: CandleStore): void {
    const { session, market, zone, chart, probe, signals, frames } = this.parts;
    const { symbol, interval } = session;
    const { venue, timeZone: exchangeTimeZone = null } = market.symbols.get(symbol ?? "") ?? {};
    zone.setVenue(venue, exchangeTimeZone);
    chart.show({ symbol, interval, store, exchangeTimeZone, bounds: session.bounds });
    probe.show(symbol);
    signals.mark();
    frames.request();
  }

  onCandles(candle?: Candle): void {
    const { probe, chart } = this.parts;
    if (candle !== undefined) probe.folded(candle, chart.indicatorIds.length > 0);
  }

  onRecovery(recovery: Recovery): void {
    const { status, references, session, market, toolbar } = this.parts;
    status.recovery(recovery);
    if (recovery.recovered) return;
    references.refresh(session, market.symbols.keys());
    toolbar.alerts.missed(session);
  }

  onGap(gap: Missed): void {
    this.parts.status.gap(gap);
  }

  /** Merged trades lack the highs and lows between them, so alerts are held against candles. */
  onDelivery(delivery: Delivery): void {
    const { status, session, toolbar } = this.parts;
    const isNew = status.delivery(delivery);
    if (isNew && delivery.state === "conflated") toolbar.alerts.missed(session);
  }

  onRefused(reason: string): void {
    this.parts.status.refused(reason);
  }

  onJoined(): void {
    this.parts.status.report();
  }

  private tellSession(tell: (shown: SessionStats) => void): void {
    this.parts.prices.sessionStats.use((shown) => {
      tell(shown);
      this.parts.frames.requestPrices();
    });
  }
}
