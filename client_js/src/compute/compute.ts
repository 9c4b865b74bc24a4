import { BarHistory } from "./bar-history";
import type { Indicator } from "./indicator";
import type { Report, Request } from "./messages";
import { transferOf } from "./messages";
import { IndicatorError } from "./params";
import type { IndicatorName, Params } from "./registry";
import type { Port } from "./serve";
import { kernelsUrl, spawnWorker } from "./spawn";

/** The two ends of a request: its answer, or a sentence that says why there is none. */
interface Answer {
  resolve(data: Float64Array): void;
  reject(reason: Error): void;
}

const NOTHING = new Float64Array();

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
  /** Requests that the worker has yet to answer. */
  private readonly asked = new Map<number, Answer>();
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
        ask: (request: (id: number) => Request) => this.ask(request),
        closed: () => this.forget(key),
      };
      history = new BarHistory(link, id, symbol, interval);
      this.histories.set(key, history);
    }
    this.current = history;
    return history;
  }

  /**
   * Add an indicator over the history last requested, or over `history`; one of two symbols also
   * takes the history of the `other`.
   *
   * Throws `IndicatorError` for an unknown name or parameter, an invalid value, or if there is no
   * history yet.
   */
  indicator<N extends IndicatorName>(
    name: N,
    params: Params<N> = {} as Params<N>,
    history = this.current,
    other: BarHistory | null = null,
  ): Indicator<N> {
    if (history === null) {
      throw new IndicatorError("there is no history yet: call history() first");
    }
    return history.indicator(name, params, other);
  }

  /** Resolves when all requests so far are computed; rejects if the worker has failed. */
  async settled(): Promise<void> {
    await this.ask((id) => ({ type: "settle", id }));
  }

  /** Terminate the worker. */
  dispose(): void {
    this.port.terminate?.();
    this.port.close?.();
    this.fail("the worker was terminated");
  }

  private receive(report: Report): void {
    if (report.type === "results") {
      for (const history of this.histories.values()) history.receive(report);
    } else if (report.type === "refused") {
      this.byId(report.history)?.refuse(report);
    } else if (report.type === "settled") {
      this.take(report.id)?.resolve(NOTHING);
    } else if (report.type === "profile") {
      this.take(report.id)?.resolve(report.data);
    } else if (report.type === "declined") {
      this.take(report.id)?.reject(new Error(report.reason));
    } else {
      this.stop(report.reason);
    }
  }

  /** Send a request, made for the id that its answer will bear. */
  private ask(request: (id: number) => Request): Promise<Float64Array> {
    return new Promise((resolve, reject) => {
      if (this.failure !== null) return reject(new Error(this.failure));
      const id = this.nextId();
      this.asked.set(id, { resolve, reject });
      this.post(request(id));
    });
  }

  private take(id: number): Answer | undefined {
    const answer = this.asked.get(id);
    this.asked.delete(id);
    return answer;
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
    for (const { reject } of this.asked.values()) reject(new Error(reason));
    this.asked.clear();
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
