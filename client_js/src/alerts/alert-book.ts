import { newId } from "../id";
import { type Alert, checkedAlert, isArmed } from "./alert";
import { CrossingWatch, type Direction } from "./crossing";

/** An alert whose price was reached. */
export interface Fired {
  alert: Alert;
  direction: Direction;
  /** Time of the trade or of the bar, ms since the epoch. */
  time: number;
}

/** A new alert, without what the book adds. */
export type AlertInput = Pick<Alert, "symbol" | "price"> & Partial<Pick<Alert, "note" | "when">>;

export interface AlertBookHandlers {
  onFired(fired: Fired): void;
  /** The alerts have changed: one was added, moved, removed, or has fired. */
  onChange(): void;
}

/** Serialized alerts. */
interface Kept {
  version: 1;
  alerts: Alert[];
}

const VERSION = 1;
const MAX_ALERTS = 500;

/** Alerts of any number of symbols, held against trades and bars as they come. */
export class AlertBook {
  private readonly alerts = new Map<string, Alert>();
  private readonly watches = new Map<string, CrossingWatch>();
  /** The newest price of each symbol, and its time in ms. */
  private readonly heard = new Map<string, { price: number; time: number }>();

  constructor(private readonly handlers: AlertBookHandlers) {}

  /** All alerts, in the order in which they were added. */
  get all(): readonly Alert[] {
    return [...this.alerts.values()];
  }

  /** The alerts of one symbol. */
  of(symbol: string): Alert[] {
    return this.all.filter((each) => each.symbol === symbol);
  }

  /** The symbols of alerts that are waiting, each with the time of its newest price; null if none. */
  get waiting(): ReadonlyMap<string, number | null> {
    const symbols = this.all.filter(isArmed).map(({ symbol }) => symbol);
    return new Map(symbols.map((symbol) => [symbol, this.heard.get(symbol)?.time ?? null]));
  }

  /**
   * Add an alert; `last` is the symbol's price now, if it is known without a trade. Throws TypeError
   * or RangeError that names the field, or the limit of 500.
   */
  add(given: AlertInput, last: number | null = null): Alert {
    if (this.alerts.size >= MAX_ALERTS) {
      throw new RangeError(`there are ${MAX_ALERTS} alerts already; remove one first`);
    }
    const alert = checkedAlert({ ...given, id: newId() });
    this.put(alert);
    if (last !== null && !this.heard.has(alert.symbol)) this.watches.get(alert.id)?.price(last);
    this.handlers.onChange();
    return alert;
  }

  /** Change an alert; one that has fired waits again. Throws as `add` does. */
  change(id: string, changes: Partial<AlertInput>): void {
    const alert = this.alerts.get(id);
    if (alert === undefined) return;
    this.put(checkedAlert({ ...alert, firedAt: null, ...changes }), alert);
    this.handlers.onChange();
  }

  /** Remove an alert; returns whether there was one with that id. */
  remove(id: string): boolean {
    this.watches.delete(id);
    const isRemoved = this.alerts.delete(id);
    if (isRemoved) this.handlers.onChange();
    return isRemoved;
  }

  /** Process a trade. A time before that of the last one begins the market's past again. */
  trade(symbol: string, price: number, time: number): void {
    const heard = this.heard.get(symbol);
    if (heard !== undefined && time < heard.time) this.reset(symbol);
    this.heard.set(symbol, { price, time });
    this.each(symbol, time, (watch) => watch.price(price));
  }

  /** Process a bar whose trades did not arrive. */
  bar(symbol: string, bar: { high: number; low: number; close: number; time: number }): void {
    const { high, low, close, time } = bar;
    this.heard.set(symbol, { price: close, time });
    this.each(symbol, time, (watch) => watch.bar(high, low, close));
  }

  /** Forget where the prices of a symbol were; of all symbols by default. */
  reset(symbol?: string): void {
    for (const [id, watch] of this.watches) {
      if (symbol === undefined || this.alerts.get(id)?.symbol === symbol) watch.reset();
    }
    if (symbol === undefined) this.heard.clear();
    else this.heard.delete(symbol);
  }

  /** Serialize to text that `read` accepts. */
  write(): string {
    const kept: Kept = { version: VERSION, alerts: [...this.all] };
    return JSON.stringify(kept);
  }

  /** Replace all alerts by those of a text. Throws with the reason, and then changes nothing. */
  read(text: string): void {
    const kept = JSON.parse(text) as Partial<Kept> | null;
    if (kept?.version !== VERSION || !Array.isArray(kept.alerts)) {
      throw new TypeError(`alerts of version ${VERSION} are an object with a list, not ${text}`);
    }
    const alerts = kept.alerts.map(checkedAlert);
    const before = new Map(this.alerts);
    this.alerts.clear();
    for (const alert of alerts) this.put(alert, before.get(alert.id));
    for (const id of this.watches.keys()) if (!this.alerts.has(id)) this.watches.delete(id);
    this.handlers.onChange();
  }

  /** Keep an alert; at the price that it had before, its watch goes on. */
  private put(alert: Alert, before?: Alert): void {
    this.alerts.set(alert.id, alert);
    if (before?.price === alert.price) return;
    const watch = new CrossingWatch(alert.price);
    const heard = this.heard.get(alert.symbol);
    if (heard !== undefined) watch.price(heard.price);
    this.watches.set(alert.id, watch);
  }

  private each(symbol: string, time: number, ask: (watch: CrossingWatch) => Direction | null) {
    for (const alert of this.alerts.values()) {
      const watch = this.watches.get(alert.id);
      if (alert.symbol !== symbol || watch === undefined) continue;
      const direction = ask(watch);
      if (direction === null || !isArmed(alert)) continue;
      const fired = { ...alert, firedAt: time };
      this.alerts.set(alert.id, fired);
      this.handlers.onChange();
      this.handlers.onFired({ alert: fired, direction, time });
    }
  }
}
