import type { CandleStore } from "../store/candle-store";
import type { Watcher } from "../store/changes";
import type { LogRecords } from "./log-records";
import type { PriceMapping } from "./price-mapping";
import type { PriceScale } from "./price-scale";
import type { Renderer } from "./renderers/renderer";

/** Gives the renderer the records of a store that have changed since it last got them. */
export class RecordUploads {
  private watcher: Watcher;
  private isAllDue = true;
  /** Maps the records on a log scale; null until that is loaded. */
  private logRecords: LogRecords | null = null;
  /** The mapping of the records that the renderer has. */
  private mapping: PriceMapping | null = null;

  /** `onChange` is called after each change of the store. */
  constructor(
    private store: CandleStore,
    private readonly onChange: () => void,
  ) {
    this.watcher = store.watch(onChange);
  }

  /** Take the records of another store. */
  show(store: CandleStore): void {
    this.stop();
    this.store = store;
    this.watcher = store.watch(this.onChange);
  }

  /** Load the log mapping into `scale`. */
  async loadLog(scale: PriceScale): Promise<void> {
    if (this.logRecords !== null) return;
    const { logMapping, LogRecords } = await import("./log-scale");
    scale.logMapping = logMapping;
    this.logRecords = new LogRecords();
  }

  /** Give the renderer all records the next time, as it has none. */
  restart(): void {
    this.isAllDue = true;
  }

  upload(renderer: Renderer, mapping: PriceMapping): void {
    const { store, logRecords } = this;
    const changed = this.watcher.take();
    const isSame = mapping.kind === this.mapping?.kind && mapping.base === this.mapping.base;
    const isAll = changed.all || this.isAllDue || !isSame;
    const [from, to] = isAll ? [0, store.count] : [changed.from, changed.to];
    const records =
      mapping.kind === "log" && logRecords !== null
        ? logRecords.map(store, mapping, from, to)
        : { data: store.records, count: store.count };
    renderer.upload(records, from, to);
    this.isAllDue = false;
    this.mapping = mapping;
  }

  stop(): void {
    this.watcher.stop();
  }
}
