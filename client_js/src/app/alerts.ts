import { AlertBook, type Fired } from "../alerts/alert-book";
import { type AlertLines, alertLines } from "../alerts/alert-lines";
import type { Chart } from "../chart/chart";
import type { MarketFeed } from "../feed/feed";
import type { Tick } from "../feed/payloads";
import type { AlertPanel, AlertPanelHandlers } from "./alert-panel";
import { followKept } from "./kept-book";
import { OnDemand } from "./on-demand";
import type { Shown } from "./session";
import { remember } from "./settings";
import type { Toasts } from "./toasts";

/** The page's price alerts: kept in this browser, drawn on the chart, held against every trade. */
export class Alerts {
  private readonly book = new AlertBook({
    onFired: (fired) => this.tell(fired),
    onChange: () => this.changed(),
  });
  private readonly panel: OnDemand<AlertPanel>;
  private readonly missedPrices: OnDemand<typeof import("./missed-prices")>;
  private readonly lines: AlertLines;

  constructor(
    chart: Chart,
    private readonly feed: MarketFeed,
    private readonly toasts: Toasts,
    handlers: AlertPanelHandlers,
    onFailure: (reason: string) => void,
  ) {
    this.panel = new OnDemand(
      async () => new (await import("./alert-panel")).AlertPanel(this.book, handlers),
      "Alerts cannot be shown",
      onFailure,
    );
    void this.panel.start();
    this.missedPrices = new OnDemand(
      () => import("./missed-prices"),
      "Alerts cannot be checked",
      onFailure,
    );
    this.lines = alertLines(chart, this.book);
    followKept("alerts", this.book, toasts);
  }

  openPanel(): void {
    this.panel.use((panel) => panel.open());
  }

  tick({ symbol, price, timestamp }: Tick): void {
    this.book.trade(symbol, Number(price), timestamp);
  }

  /** Trades were lost: judge by the candles instead. */
  missed(shown: Shown): void {
    this.missedPrices.use(({ checkMissed }) => checkMissed(this.feed, this.book, shown));
  }

  private changed(): void {
    remember("alerts", this.book.write());
    this.panel.now?.render();
    this.lines.refresh();
  }

  private tell({ alert, direction, time }: Fired): void {
    const { id, symbol, price, note } = alert;
    const text = `${symbol} ${direction === "up" ? "rose" : "fell"} to ${price}`;
    this.toasts.show(note === "" ? text : `${text}: ${note}`);
    if ("Notification" in window && Notification.permission === "granted") {
      // With one tag, several windows show one notification.
      new Notification(text, { body: note, tag: `${id} ${time}` });
    }
  }
}
