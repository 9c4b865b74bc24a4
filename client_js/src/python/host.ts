import {
  type Fault,
  type FromWorker,
  type Outcome,
  type Request,
  SIGINT,
  type ToWorker,
} from "./messages";
import { spawnWorker } from "./spawn";

/** Maximum duration of a run, after which it is stopped. */
export const LIMIT_MS = 5000;

/** Grace period after an interrupt; code that ignores it ends with the worker. */
const GRACE_MS = 1000;

export type HostState = "off" | "loading" | "ready" | "failed";

export interface HostHandlers {
  /** The state, or the current run, has changed. */
  onChange(): void;
  onMessage(message: FromWorker): void;
  /** The worker was restarted: names and indicator are lost. */
  onRestart(): void;
}

interface Pending {
  id: number;
  request: Request;
  settle: (outcome: Outcome) => void;
}

/**
 * Python in a worker of its own, which runs one request at a time, each within the time limit. On
 * an isolated page a run is interrupted; elsewhere the worker is terminated.
 */
export class PythonHost {
  state: HostState = "off";
  private worker: Worker | null = null;
  private interrupt: Uint8Array | null = null;
  private waiting: Pending[] = [];
  private current: Pending | null = null;
  private timer = 0;
  private ids = 0;
  /** The reason for which the current run is being stopped; null if it is not. */
  private stopping: string | null = null;

  constructor(
    private readonly base: string,
    private readonly handlers: HostHandlers,
  ) {}

  /** True while a request is running or waiting. */
  get busy(): boolean {
    return this.current !== null || this.waiting.length > 0;
  }

  /** Load Python, once. */
  start(): void {
    if (this.worker !== null) return;
    const worker = spawnWorker();
    const shared = globalThis.crossOriginIsolated ? new SharedArrayBuffer(1) : null;
    this.worker = worker;
    this.interrupt = shared && new Uint8Array(shared);
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.take(data);
    worker.onerror = (event) => {
      event.preventDefault();
      const reason = event.message || "the worker ended";
      if (this.state === "ready") this.restart(reason);
      else this.take({ kind: "failed", reason });
    };
    this.setState("loading");
    this.tell({ kind: "start", base: this.base, interrupt: shared });
  }

  /** Run a request after all earlier ones. Errors are part of the outcome: this never rejects. */
  ask(request: Request): Promise<Outcome> {
    return new Promise((settle) => {
      this.waiting.push({ id: ++this.ids, request, settle });
      this.next();
    });
  }

  /** Stop the current run. */
  stop(why = "stopped"): void {
    if (this.current === null || this.stopping !== null) return;
    this.stopping = why;
    clearTimeout(this.timer);
    if (this.interrupt === null) {
      this.restart();
      return;
    }
    this.interrupt[0] = SIGINT;
    this.timer = window.setTimeout(() => this.restart(), GRACE_MS);
  }

  /** Interrupt the definition of a source, of no use any more, if that costs no restart. */
  abandon(source: string): void {
    const request = this.current?.request;
    const isCurrent = request?.kind === "define" && request.source === source;
    if (isCurrent && this.interrupt !== null) this.stop("typed over");
  }

  /** Terminate Python; requests that are left end with an error. */
  dispose(): void {
    this.fail("Python was terminated");
  }

  private take(message: FromWorker): void {
    if (message.kind === "outcome") this.settle(message.id, message.outcome);
    this.handlers.onMessage(message);
    if (message.kind === "ready") this.setState("ready");
    if (message.kind === "failed") this.fail(message.reason);
  }

  private next(): void {
    if (this.state !== "ready" || this.current !== null) return;
    const pending = this.waiting.shift();
    if (pending === undefined) return;
    this.current = pending;
    this.stopping = null;
    if (this.interrupt !== null) this.interrupt[0] = 0;
    this.timer = window.setTimeout(() => this.stop(`stopped after ${LIMIT_MS / 1000} s`), LIMIT_MS);
    this.tell({ id: pending.id, ...pending.request });
    this.handlers.onChange();
  }

  private settle(id: number, outcome: Outcome): void {
    if (this.current?.id !== id) return;
    clearTimeout(this.timer);
    const { settle } = this.current;
    const { error } = outcome;
    if (error !== undefined && outcome.ended) {
      this.restart(error.message, error);
      return;
    }
    if (error?.interrupted && this.stopping !== null) error.message = this.stopping;
    this.current = null;
    settle(outcome);
    this.next();
    this.handlers.onChange();
  }

  private restart(why = this.stopping ?? "stopped", ended?: Fault): void {
    const { current } = this;
    this.end();
    this.handlers.onRestart();
    this.start();
    const message = `${why}; Python was restarted`;
    const rest = { line: null, span: null, trace: [], interrupted: true };
    current?.settle({ error: ended ?? { type: "Stopped", message, ...rest }, ms: 0 });
  }

  /** Terminate the worker and ignore its pending messages. */
  private end(): void {
    clearTimeout(this.timer);
    if (this.worker !== null) {
      this.worker.onmessage = null;
      this.worker.onerror = null;
      this.worker.terminate();
    }
    this.worker = null;
    this.current = null;
  }

  private fail(reason: string): void {
    const left = this.current === null ? this.waiting : [this.current, ...this.waiting];
    this.waiting = [];
    this.end();
    this.setState("failed");
    const rest = { line: null, span: null, trace: [], interrupted: false };
    const error = { type: "Python", message: reason, ...rest };
    for (const { settle } of left) settle({ error, ms: 0 });
  }

  private setState(state: HostState): void {
    this.state = state;
    this.next();
    this.handlers.onChange();
  }

  private tell(message: ToWorker): void {
    this.worker?.postMessage(message);
  }
}
