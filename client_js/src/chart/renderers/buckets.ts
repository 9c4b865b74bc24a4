import { RECORD_FLOATS } from "../../store/column";
import { reduceBuckets } from "../../store/lod";
import type { Records } from "./renderer";

/** The records reduced to one bucket size, kept up to date bucket by bucket. */
export class Buckets {
  private data = new Float32Array();
  private per = 1;
  private from = 0;
  private to = Number.POSITIVE_INFINITY;

  invalidate(from: number, to: number): void {
    this.from = Math.min(this.from, from);
    this.to = Math.max(this.to, to);
  }

  reduced({ data, count }: Records, per: number): Float32Array {
    const buckets = Math.ceil(count / per);
    if (per !== this.per) this.invalidate(0, count);
    if (this.data.length < buckets * RECORD_FLOATS) {
      this.data = new Float32Array(buckets * 2 * RECORD_FLOATS);
      this.invalidate(0, count);
    }
    const to = Math.min(Math.ceil(this.to / per), buckets);
    reduceBuckets(data, count, per, Math.floor(this.from / per), to, this.data);
    this.per = per;
    this.from = count;
    this.to = 0;
    return this.data;
  }
}
