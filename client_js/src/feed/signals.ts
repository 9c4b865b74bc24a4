/** What the models say, as docs/topics.md and docs/signals.md define it. */

interface Said {
  id: string;
  symbol: string;
  /** ms: of the tick, or of the end of the bar. */
  timestamp: number;
  model: string;
}

/** Where the price may go, with what is needed to doubt it. */
export interface Direction extends Said {
  kind: "direction";
  says: "up" | "down" | "no edge";
  probability: number;
  base_rate: number;
  n: number;
  interval: [number, number];
  expected_net_bp: number;
  cost_bp: number;
  horizon: string;
}

/** A rule of the user's began to hold. */
export interface RuleHeld extends Said {
  kind: "rule";
  name: string;
  when: string;
  interval: string;
  values: Record<string, number>;
}

/** Something out of the ordinary. */
export interface Anomaly extends Said {
  feature: string;
  score: number;
  [detail: string]: unknown;
}

/** Candles that form a shape. */
export interface Pattern extends Said {
  name: string;
  interval: string;
  direction: string | number;
  quality?: number;
  [detail: string]: unknown;
}

/** One event of `signals:<SYMBOL>`, with its name. */
export type SignalEvent =
  | ({ event: "signal" } & (Direction | RuleHeld))
  | ({ event: "anomaly" } & Anomaly)
  | ({ event: "pattern" } & Pattern);

export interface SignalHandlers {
  /** At each join, newest last. */
  onLatest?: (signals: SignalEvent[]) => void;
  onSignal?: (signal: SignalEvent) => void;
}
