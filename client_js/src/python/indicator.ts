import type { Chart } from "../chart/chart";
import { Emitter } from "../chart/emitter";
import { barsOf } from "./columns";
import { distributionUrl } from "./distribution-url";
import { type HostState, PythonHost } from "./host";
import { LiveIndicator } from "./live";
import type { Catalogue, Fault, FromWorker, Outcome, Stage } from "./messages";

export interface PythonOptions {
  /**
   * Address of the folder `pyodide/` that `make wasm` builds, relative to the page. It must come
   * from the page's own host, or allow other origins.
   */
  distribution: string | URL;
}

/** The events of Python. */
export interface PythonEvents {
  /** The state, or whether something runs, has changed. */
  change: HostState;
  /** A part of the download or of the start. */
  progress: { stage: Stage; loaded: number; total: number };
  /** Python has started. */
  ready: { version: string; fromSnapshot: boolean; ms: number; catalogue: Catalogue };
  /** Python cannot start; the reason. */
  failure: string;
  /** The code, or the console, has printed something. */
  output: { text: string; isError: boolean };
  /** Python was restarted: the console's names are lost. */
  restart: null;
  /** The indicator was computed, or failed, on new candles. */
  outcome: Outcome;
}

/**
 * Make an indicator in Python over the candles of a chart: its code runs in a worker, again
 * whenever the candles change, and its series are drawn. Throws TypeError that names the option.
 */
export function pythonIndicator(chart: Chart, options: PythonOptions): PythonIndicator {
  return new PythonIndicator(chart, distributionUrl(options?.distribution));
}

/** Python in a worker, and the indicator that it draws on a chart. */
export class PythonIndicator {
  private readonly events = new Emitter<PythonEvents>([
    "change",
    "progress",
    "ready",
    "failure",
    "output",
    "restart",
    "outcome",
  ]);
  private readonly host: PythonHost;
  private readonly live: LiveIndicator;

  constructor(chart: Chart, distribution: URL) {
    this.host = new PythonHost(distribution.href, {
      onChange: () => this.events.emit("change", this.state),
      onMessage: (message) => this.tell(message),
      onRestart: () => {
        this.live.restarted();
        this.events.emit("restart", null);
      },
    });
    this.live = new LiveIndicator(this.host, chart, (outcome) =>
      this.events.emit("outcome", outcome),
    );
  }

  get state(): HostState {
    return this.host.state;
  }

  /** True while something is running or waiting to run. */
  get busy(): boolean {
    return this.host.busy;
  }

  /** True while an indicator is drawn. */
  get defined(): boolean {
    return this.live.defined;
  }

  /** True if the chart has candles to compute over. */
  get hasBars(): boolean {
    return this.live.bars !== null;
  }

  /** Call `listener` at each event; returns a function that unsubscribes it. */
  on<E extends keyof PythonEvents>(
    event: E,
    listener: (told: PythonEvents[E]) => void,
  ): () => void {
    return this.events.on(event, listener);
  }

  /** Load Python, once; the first call of `run`, `check` or `push` does so too. */
  start(): void {
    this.host.start();
  }

  /**
   * Run code that defines `indicator(bars)` and draw its series. Code with an error leaves the
   * indicator before it. Rejects only if the chart has no candles.
   */
  run(source: string): Promise<Outcome> {
    this.host.start();
    return this.live.define(source);
  }

  /** Return the syntax error of code, or null; the code is not run. */
  async check(source: string): Promise<Fault | null> {
    this.host.start();
    const { error } = await this.host.ask({ kind: "check", source });
    return error ?? null;
  }

  /** Run a line in the console, whose names are those of the indicator. */
  async push(line: string): Promise<Outcome> {
    const { bars } = this.live;
    if (bars === null) throw new Error("the chart has no candles yet");
    this.host.start();
    return this.host.ask({ kind: "push", line, bars: barsOf(bars) });
  }

  /** Drop the console's unfinished block. */
  async dropBlock(): Promise<void> {
    await this.host.ask({ kind: "clear" });
  }

  /** Stop the current run. */
  stop(): void {
    this.host.stop();
  }

  /** Stop running a source that is of no use any more, if that costs no restart. */
  abandon(source: string): void {
    this.host.abandon(source);
  }

  /** Remove the indicator from the chart; Python stays. */
  clear(): void {
    this.live.end();
  }

  /** Remove the indicator and terminate Python. */
  remove(): void {
    this.events.clear();
    this.live.dispose();
    this.host.dispose();
  }

  private tell(message: FromWorker): void {
    const { events } = this;
    if (message.kind === "progress") events.emit("progress", message);
    else if (message.kind === "ready") events.emit("ready", message);
    else if (message.kind === "failed") events.emit("failure", message.reason);
    else if (message.kind === "output") events.emit("output", message);
  }
}
