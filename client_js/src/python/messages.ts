/** What page and worker say to each other. Requests are answered one by one, in their order. */

/** What went wrong in a user's code, told in the user's own lines. */
export interface Fault {
  type: string;
  message: string;
  /** From 1; null when it is in no line of the user's. */
  line: number | null;
  /** One text per frame of the user's, the outermost first. */
  trace: string[];
  /** Stopped from outside. */
  interrupted: boolean;
}

/** What became of a request; either what it asked for or `error`. */
export interface Outcome {
  /** One value per bar each; NaN where there is nothing to draw. */
  series?: Record<string, Float64Array>;
  /** The pane that the code asks for: "price", "own", or null for whatever fits. */
  pane?: string | null;
  /** Whether the console waits for more lines of a block. */
  more?: boolean;
  error?: Fault;
  ms: number;
}

/** Bars as the worker takes them: int64 ns, then float64 open, high, low, close, volume. */
export interface BarsMessage {
  symbol: string;
  interval: string;
  columns: ArrayBuffer[];
}

export type Request =
  /** Take the indicator's source, and compute it. */
  | { kind: "define"; source: string; bars: BarsMessage }
  /** Compute it again. */
  | { kind: "compute"; bars: BarsMessage }
  /** Take a line of the console. */
  | { kind: "push"; line: string; bars: BarsMessage }
  /** Forget a block that the console has begun. */
  | { kind: "clear" };

export interface Start {
  kind: "start";
  /** Where the distribution is. */
  base: string;
  /** One byte that stops what runs, where the page is isolated. */
  interrupt: SharedArrayBuffer | null;
}

export type ToWorker = Start | ({ id: number } & Request);

export type Stage = "download" | "start" | "kernels";

export type FromWorker =
  | { kind: "progress"; stage: Stage; loaded: number; total: number }
  | { kind: "ready"; version: string; fromSnapshot: boolean; ms: number }
  | { kind: "failed"; reason: string }
  | { kind: "output"; text: string; isError: boolean }
  | { kind: "outcome"; id: number; outcome: Outcome };

/** SIGINT, as Python's interrupt buffer takes it. */
export const SIGINT = 2;
