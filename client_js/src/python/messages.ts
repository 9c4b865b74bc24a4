/** Messages between page and worker. Requests are answered one by one, in order. */

/** An error in the user's code, located in the user's own lines. */
export interface Fault {
  type: string;
  message: string;
  /** Line number from 1; null if the error is not in the user's code. */
  line: number | null;
  /** First and last column of a syntax error in that line, UTF-16 units from 0. */
  span: [number, number] | null;
  /** One text for each stack frame of the user's code, outermost first. */
  trace: string[];
  /** True if the user or the time limit stopped the run. */
  interrupted: boolean;
}

/** The outcome of a request: its result or `error`. */
export interface Outcome {
  /** One value per bar for each series; NaN where there is nothing to draw. */
  series?: Record<string, Float64Array>;
  /** The pane requested by the code: "price", "own", or null to choose automatically. */
  pane?: string | null;
  /** True while the console expects more lines of a block. */
  more?: boolean;
  error?: Fault;
  /** True if the error has ended Python, which must be started again. */
  ended?: boolean;
  ms: number;
}

/** Bars in the worker's form: int64 ns, then float64 open, high, low, close, volume. */
export interface BarsMessage {
  symbol: string;
  interval: string;
  columns: ArrayBuffer[];
}

/** The names that code can use, as `Session.catalogue` gives them. */
export interface Catalogue {
  /** Name and description of each kernel. */
  kernels: [string, string][];
  /** The attributes of bars. */
  bars: string[];
}

export type Request =
  /** Compile a source without running it. */
  | { kind: "check"; source: string }
  /** Set the indicator's source and compute it. */
  | { kind: "define"; source: string; bars: BarsMessage }
  /** Compute it again. */
  | { kind: "compute"; bars: BarsMessage }
  /** Run a line of the console. */
  | { kind: "push"; line: string; bars: BarsMessage }
  /** Discard an unfinished block of the console. */
  | { kind: "clear" };

export interface Start {
  kind: "start";
  /** Address of the distribution. */
  base: string;
  /** One byte that interrupts the current run, on an isolated page. */
  interrupt: SharedArrayBuffer | null;
}

export type ToWorker = Start | ({ id: number } & Request);

export type Stage = "download" | "start" | "kernels";

export type FromWorker =
  | { kind: "progress"; stage: Stage; loaded: number; total: number }
  | { kind: "ready"; version: string; fromSnapshot: boolean; ms: number; catalogue: Catalogue }
  | { kind: "failed"; reason: string }
  | { kind: "output"; text: string; isError: boolean }
  | { kind: "outcome"; id: number; outcome: Outcome };

/** SIGINT, in Python's interrupt buffer. */
export const SIGINT = 2;
