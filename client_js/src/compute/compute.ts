import { BarHistory } from "./bar-history";
import type { Indicator } from "./indicator";
import type { Report, Request } from "./messages";
import { transferOf } from "./messages";
import { IndicatorError } from "./params";
import type { IndicatorName, Params } from "./registry";
import type { Port } from "./serve";
import { kernelsUrl, spawnWorker } from "./spawn";

export interface ComputeOptions {
  /**
   * The port to the worker: by default a new worker. Any port works whose other end was given to
   * `serve`.
   */
  port?: Port;
  /** The kernels: an address or a module. By default those shipped with the package. */
  wasm?: string | URL | WebAssembly.Module;
  /** Puts results into shared memory: by default where the page is cross-origin isolated. */
  shared?: boolean;
  /** Called once if the worker cannot go on, with a sentence that says why. */
  onFailure?: (reason: string) => void;
}

/**
 * Indicators, computed by kernels.wasm in a worker: the same source as the server's, with the same
 * bits. It keeps histories of bars, and any number of indicators over each.
 */
export class Compute {
  /** True if results lie in shared memory. */
  readonly shared: boolean;
  private readonly port: Port;
  private readonly histories = new Map<string, BarHistory>();
  private readonly settling = new Map<number, (reason: string | null) => void>();
  private current: BarHistory | null = null;
  private failure: string | null = null;
  private last = 0;

  constructor(private readonly options: ComputeOptions = {}) {
    this.shared = options.shared ?? globalThis.crossOriginIsolated === true;
    this.port = options.port ?? spawnWorker();
    this.port.addEventListener("message", ({ data }) => this.receive(data as Report));
    this.port.addEventListener("error", () => this.stop("the worker's script could not be loaded"));
    this.port.start?.();
    const wasm = options.wasm ?? kernelsUrl();
    this.post({ type: "start", wasm: wasm instanceof URL ? wasm.href : wasm, shared: this.shared });
  }

  /** The bars of a symbol at an interval, empty when first asked for. */
  history(symbol: string, interval: string): BarHistory {
    const key = JSON.stringify([symbol, interval]);
    let history = this.histories.get(key);
    if (history === undefined) {
      const id = this.nextId();
      const link = {
        nextId: () => this.nextId(),
        post: (request: Request) => this.post(request),
        closed: () => this.forget(key),
      };
      history = new BarHistory(link, id, symbol, interval);
      this.histories.set(key, history);
    }
    this.current = history;
    return history;
  }

  /**
   * Add an indicator over the history last requested, or over `history`.
   *
   * Throws `IndicatorError` for an unknown name or parameter, an invalid value, or if there is no
   * history yet.
   */
  indicator<N extends IndicatorName>(
    name: N,
    params: Params<N> = {} as Params<N>,
    history = this.current,
  ): Indicator<N> {
    if (history === null) {
      throw new IndicatorError("there is no history yet: call history() first");
    }
    return history.indicator(name, params);
  }

  /** Resolves when all requests so far are computed; rejects if the worker has failed. */
  settled(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.failure !== null) return reject(new Error(this.failure));
      const id = this.nextId();
      this.settling.set(id, (reason) => (reason === null ? resolve() : reject(new Error(reason))));
      this.post({ type: "settle", id });
    });
  }

  /** Terminate the worker. */
  dispose(): void {
    this.port.terminate?.();
    this.port.close?.();
    this.fail("the worker was terminated");
  }

  private receive(report: Report): void {
    if (report.type === "results") {
      this.byId(report.history)?.receive(report);
    } else if (report.type === "refused") {
      this.byId(report.history)?.refuse(report);
    } else if (report.type === "settled") {
      this.settling.get(report.id)?.(null);
      this.settling.delete(report.id);
    } else {
      this.stop(report.reason);
    }
  }

  private byId(id: number): BarHistory | undefined {
    return [...this.histories.values()].find((each) => each.id === id);
  }

  private stop(reason: string): void {
    if (this.failure !== null) return;
    this.fail(reason);
    this.options.onFailure?.(reason);
  }

  private fail(reason: string): void {
    this.failure ??= reason;
    for (const settle of this.settling.values()) settle(reason);
    this.settling.clear();
  }

  private post(request: Request): void {
    if (this.failure === null) this.port.postMessage(request, transferOf(request));
  }

  private forget(key: string): void {
    if (this.current === this.histories.get(key)) this.current = null;
    this.histories.delete(key);
  }

  private nextId(): number {
    this.last++;
    return this.last;
  }
}
