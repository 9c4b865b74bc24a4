import { type Resolved, titleOf } from "./params";
import { type IndicatorName, type OutputName, specOf } from "./registry";
import { type Change, ResultColumns } from "./result-columns";

/** Rows from `from` on are new; there are `count` in all. */
export interface Rows {
  from: number;
  count: number;
}

/** One indicator over a history, as of the worker's last report. */
export class Indicator<N extends IndicatorName = IndicatorName> {
  readonly outputs: Record<OutputName<N>, Float64Array>;
  private readonly columns: ResultColumns;
  private readonly names: string[];
  private readonly listeners = new Set<(rows: Rows) => void>();
  private readonly refusals = new Set<(reason: string) => void>();

  constructor(
    readonly id: number,
    readonly resolved: Resolved,
    private readonly history: { readonly time: Float64Array },
    private readonly onRemove: () => void,
  ) {
    this.names = Object.keys(specOf(resolved.name).outputs);
    this.columns = new ResultColumns(this.names.length);
    this.outputs = Object.fromEntries(
      this.names.map((name) => [name, new Float64Array()]),
    ) as Record<OutputName<N>, Float64Array>;
  }

  get name(): N {
    return this.resolved.name as N;
  }

  /** The title in a legend: "EMA 20". */
  get title(): string {
    return titleOf(this.resolved);
  }

  /** Times of the results, in ms since the Unix epoch. */
  get time(): Float64Array {
    return this.history.time.subarray(0, this.values.length);
  }

  /** The first output: the only one of most indicators. */
  get values(): Float64Array {
    return this.columns.columns[0];
  }

  /** Call `listener` after new results; returns a function that unsubscribes it. */
  onChange(listener: (rows: Rows) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Call `listener` with a sentence if the indicator cannot be computed after all. */
  onRefusal(listener: (reason: string) => void): void {
    this.refusals.add(listener);
  }

  /** Remove the indicator. */
  remove(): void {
    this.listeners.clear();
    this.onRemove();
  }

  /** Process a report of the worker. */
  receive(change: Change, data: Float64Array): void {
    this.columns.receive(change, data);
    this.names.forEach((name, k) => {
      this.outputs[name as OutputName<N>] = this.columns.columns[k];
    });
  }

  /** Call the listeners, once all results of one report have been applied. */
  notify({ from, count }: Change): void {
    for (const listener of this.listeners) listener({ from, count });
  }

  /** Call the failure listeners: the worker has refused the indicator. */
  refuse(reason: string): void {
    for (const listener of this.refusals) listener(`${this.title}: ${reason}`);
  }
}
