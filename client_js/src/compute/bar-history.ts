import { BAR_COLUMNS, type Bars, type Trades } from "./bar-columns";
import { Indicator, type Rows } from "./indicator";
import type { Report, Request } from "./messages";
import { IndicatorError, type Resolved, resolve } from "./params";
import type { IndicatorName, Params } from "./registry";
import { ResultColumns } from "./result-columns";
import { checkBins, type ProfileBins, readProfile, type VolumeProfile } from "./volume-profile";

const NS_PER_MS = 1_000_000n;

/** The services of `Compute` that a history uses. */
export interface Link {
  nextId(): number;
  post(request: Request): void;
  ask(request: (id: number) => Request): Promise<Float64Array>;
  closed(): void;
}

/**
 * The bars of one symbol and interval, held by the worker. They are given as bars or folded from
 * trades; one history takes one kind. Arrays passed to `set`, `update` and `trades` are
 * transferred, and empty afterwards.
 */
export class BarHistory {
  private readonly columns = new ResultColumns(1 + BAR_COLUMNS.length);
  private readonly indicators = new Map<number, Indicator>();
  private readonly listeners = new Set<(rows: Rows) => void>();
  private sent = 0;
  private kind: "bars" | "trades" | null = null;

  constructor(
    private readonly link: Link,
    readonly id: number,
    readonly symbol: string,
    readonly interval: string,
  ) {
    link.post({ type: "open", history: id });
  }

  /** Times of the bars in ms since the Unix epoch, as of the worker's last report. */
  get time(): Float64Array {
    return this.columns.columns[0];
  }

  /** The bars as of the worker's last report. */
  get bars(): Bars {
    const [time, open, high, low, close, volume] = this.columns.columns;
    return { time, open, high, low, close, volume };
  }

  /** The indicators over these bars, in the order in which they were added. */
  get all(): readonly Indicator[] {
    return [...this.indicators.values()];
  }

  /** Replace all bars. */
  set(bars: Bars): void {
    this.update(0, bars);
  }

  /**
   * Replace the bars from row `from` on: the running bar by itself and those after it, or more.
   * Throws RangeError if there are fewer than `from` rows, or the columns are not bars.
   */
  update(from: number, bars: Bars): void {
    this.is("bars");
    if (!(Number.isInteger(from) && from >= 0 && from <= this.sent)) {
      throw new RangeError(`there is no row ${from} to go on from: ${this.sent} were given`);
    }
    checkLengths(bars, bars.time.length);
    checkTimes(bars.time);
    const count = from + bars.time.length;
    this.link.post({ type: "bars", history: this.id, from, bars });
    this.sent = count;
  }

  /** Fold trades, oldest first, into bars of `intervalMs`; the last one is the running bar. */
  trades(intervalMs: number, trades: Trades): void {
    this.is("trades");
    if (!(Number.isInteger(intervalMs) && intervalMs > 0)) {
      throw new RangeError(`an interval is a whole number of ms above 0, not ${intervalMs}`);
    }
    checkLengths(trades, trades.ts.length);
    const intervalNs = BigInt(intervalMs) * NS_PER_MS;
    this.link.post({ type: "trades", history: this.id, intervalNs, trades });
  }

  /**
   * Add an indicator over these bars, and over those of `other` if it is one of two symbols: bars of
   * the same time belong together. Throws `IndicatorError` if it is unknown or invalid.
   */
  indicator<N extends IndicatorName>(
    name: N,
    params: Params<N> = {} as Params<N>,
    other: BarHistory | null = null,
  ): Indicator<N> {
    const given = other === null ? params : { symbol: other.symbol, ...params };
    return this.start(resolve(name, given), other) as unknown as Indicator<N>;
  }

  /** Add an indicator whose name and parameters are already checked. */
  start(resolved: Resolved, other: BarHistory | null = null): Indicator {
    const { name, symbol } = resolved;
    if (symbol !== null && other === null) {
      throw new IndicatorError(`${name} needs the history of ${symbol}`);
    }
    const id = this.link.nextId();
    const indicator = new Indicator(id, resolved, this, () => {
      this.indicators.delete(id);
      this.link.post({ type: "remove", indicator: id });
    });
    this.indicators.set(id, indicator);
    const second = other?.id ?? null;
    this.link.post({ type: "add", history: this.id, indicator: id, resolved, other: second });
    return indicator;
  }

  /**
   * Compute volume by price, a quarter of each bar's volume at its open, high, low and close. Rejects
   * with RangeError if the bins are not valid, and with Error if the history is closed meanwhile.
   */
  async profile(bins: ProfileBins): Promise<VolumeProfile> {
    checkBins(bins);
    const data = await this.link.ask((id) => ({ type: "profile", history: this.id, id, bins }));
    return readProfile(bins, data);
  }

  /** Call `listener` when bars have been applied and all indicators over them computed. */
  onChange(listener: (rows: Rows) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Forget the bars and all indicators over them. */
  close(): void {
    this.link.post({ type: "close", history: this.id });
    this.indicators.clear();
    this.link.closed();
  }

  /** Process a report of the worker, which may tell of other histories as well. */
  receive({ changes, data }: Report & { type: "results" }): void {
    for (const change of changes) {
      if (change.set === this.id) this.columns.receive(change, data);
      else this.indicators.get(change.set)?.receive(change, data);
    }
    for (const change of changes) this.indicators.get(change.set)?.notify(change);
    for (const { set, from, count } of changes) {
      if (set === this.id) for (const listener of this.listeners) listener({ from, count });
    }
  }

  /** Process the worker's refusal of an indicator. */
  refuse({ indicator: id, reason }: Report & { type: "refused" }): void {
    const indicator = this.indicators.get(id);
    this.indicators.delete(id);
    indicator?.refuse(reason);
  }

  private is(kind: "bars" | "trades"): void {
    this.kind ??= kind;
    if (this.kind !== kind)
      throw new TypeError(`this history is made of ${this.kind}, not ${kind}`);
  }
}

function checkLengths(columns: object, length: number): void {
  for (const [name, column] of Object.entries(columns)) {
    if (column.length !== length) {
      throw new RangeError(`${name} has ${column.length} elements, where there are ${length}`);
    }
  }
}

function checkTimes(time: Float64Array): void {
  for (let i = 0; i < time.length; i++) {
    const isLater = i === 0 || time[i] > time[i - 1];
    if (!Number.isFinite(time[i]) || !isLater) {
      throw new RangeError(`the time of bar ${i}, ${time[i]}, is not after the one before`);
    }
  }
}
