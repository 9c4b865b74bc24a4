import type {
  IndicatorKernels,
  IndicatorRequest,
  IndicatorSession,
  IndicatorSink,
  IndicatorSource,
} from "../chart/indicator-kernels";
import type { BarHistory } from "../compute/bar-history";
import { Compute, type ComputeOptions } from "../compute/compute";
import type { Indicator } from "../compute/indicator";
import { type Resolved, resolve } from "../compute/params";
import { StoreSync } from "../compute/store-sync";
import type { CandleStore } from "../store/candle-store";
import { freeColor } from "./colors";
import { seriesOf } from "./series";

/**
 * Indicators for charts, computed by the server's own kernels in a worker: pass it to `createChart`
 * as `indicators`. The first indicator starts the worker, which all charts given the same kernels
 * share.
 */
export function kernelIndicators(options: KernelOptions = {}): KernelIndicators {
  return new KernelIndicators(options);
}

/** Candles that are kept up to date until they are released. */
export interface HeldCandles {
  store: CandleStore;
  release?(): void;
}

export interface KernelOptions extends Omit<ComputeOptions, "onFailure"> {
  /**
   * Gives the candles of another symbol, for indicators of two symbols such as `correlation`; the
   * store may be filled later.
   */
  candlesOf?: (symbol: string, interval: string) => HeldCandles;
}

/** The worker of any number of charts, and their histories. */
export class KernelIndicators implements IndicatorKernels {
  private compute: Compute | null = null;
  private readonly sessions = new Set<Session>();
  private readonly shared = new Map<CandleStore, SharedHistory>();
  private opened = 0;

  constructor(private readonly options: KernelOptions) {}

  /** Start computing over the candles of a chart. */
  open(source: IndicatorSource): IndicatorSession {
    const { history, release } = this.historyOf(source);
    const other = (symbol: string) => this.otherHistory(symbol, source.interval);
    const session = new Session(history, other, () => {
      release();
      this.sessions.delete(session);
    });
    this.sessions.add(session);
    return session;
  }

  /** The worker's copy of a chart's candles, kept up to date until it is released. */
  historyOf(source: IndicatorSource): HeldHistory {
    const { store } = source;
    const shared = this.shared.get(store) ?? this.copy(source);
    shared.users++;
    const { history, sync } = shared;
    const release = () => {
      shared.users--;
      if (shared.users > 0) return;
      this.shared.delete(store);
      sync.dispose();
      history.close();
    };
    return { history, release };
  }

  /** Terminate the worker; the next chart starts another. */
  dispose(): void {
    this.compute?.dispose();
    this.compute = null;
    this.shared.clear();
  }

  private otherHistory(symbol: string, interval: string): HeldHistory {
    const { candlesOf } = this.options;
    if (candlesOf === undefined) {
      throw new Error(
        "an indicator of two symbols needs their candles: kernelIndicators({ candlesOf: (symbol, interval) => ({ store }) })",
      );
    }
    const candles = candlesOf(symbol, interval);
    const { history, release } = this.historyOf({ store: candles.store, symbol, interval });
    const releaseBoth = () => {
      release();
      candles.release?.();
    };
    return { history, release: releaseBoth };
  }

  private copy({ store, symbol, interval }: IndicatorSource): SharedHistory {
    const { candlesOf: _, ...options } = this.options;
    this.compute ??= new Compute({
      ...options,
      onFailure: (reason) => {
        for (const session of this.sessions) session.fail(reason);
      },
    });
    // Two charts may show the same candles in stores of their own.
    this.opened++;
    const history = this.compute.history(symbol, `${interval} #${this.opened}`);
    const shared = { history, sync: new StoreSync(store, history), users: 0 };
    this.shared.set(store, shared);
    return shared;
  }
}

/** A copy of candles in the worker, until it is released. */
export interface HeldHistory {
  history: BarHistory;
  release(): void;
}

/** A copy of a store's candles in the worker, for all that compute over them. */
interface SharedHistory {
  history: BarHistory;
  sync: StoreSync;
  users: number;
}

/** An indicator of a session. */
interface Running {
  indicator: Indicator;
  resolved: Resolved;
  color: string;
  sink: IndicatorSink;
  /** The other symbol's history, for an indicator of two. */
  other: HeldHistory | null;
}

class Session implements IndicatorSession {
  private readonly running = new Map<string, Running>();

  /** `otherHistory` gives that of another symbol; it throws if there is none to be had. */
  constructor(
    private readonly history: BarHistory,
    private readonly otherHistory: (symbol: string) => HeldHistory,
    private readonly onClose: () => void,
  ) {}

  start({ id, name, params, color }: IndicatorRequest, sink: IndicatorSink): void {
    const resolved = resolve(name, params);
    const before = this.running.get(id);
    const shown = color ?? before?.color ?? this.freeColor();
    if (before !== undefined && JSON.stringify(before.resolved) === JSON.stringify(resolved)) {
      // Another colour needs no other results.
      Object.assign(before, { color: shown, sink });
      sink.onSeries(seriesOf({ id, resolved, color: shown }, before.indicator));
      return;
    }
    const other = resolved.symbol === null ? null : this.otherHistory(resolved.symbol);
    if (before !== undefined) end(before);
    const indicator = this.history.start(resolved, other?.history);
    const running = { indicator, resolved, color: shown, sink, other };
    this.running.set(id, running);
    indicator.onRefusal((reason) => running.sink.onFailure(reason));
    indicator.onChange(() => {
      running.sink.onSeries(seriesOf({ id, resolved, color: running.color }, indicator));
    });
    // An earlier drawing stays until there are results.
    if (before === undefined) sink.onSeries(seriesOf({ id, resolved, color: shown }, null));
  }

  stop(id: string): void {
    const running = this.running.get(id);
    if (running !== undefined) end(running);
    this.running.delete(id);
  }

  close(): void {
    for (const running of this.running.values()) end(running);
    this.running.clear();
    this.onClose();
  }

  /** The worker cannot go on. */
  fail(reason: string): void {
    const [first] = this.running.values();
    first?.sink.onFailure(`Indicators cannot be computed: ${reason}`);
  }

  private freeColor(): string {
    return freeColor([...this.running.values()].map(({ color }) => color));
  }
}

function end({ indicator, other }: Running): void {
  indicator.remove();
  other?.release();
}
