import { byId, el, setText } from "../dom";
import type { TraceSample } from "../feed/trace";
import { latency } from "../format/time";
import { Ring } from "../store/ring";

const STEPS = ["Parse", "Write", "Stream", "Fan-out", "Network"] as const;
const KEPT = 40;

/** Time spent in each hop from feed to page: medians over the latest sampled ticks. */
export class Pipeline {
  private readonly samples = new Ring<TraceSample>(KEPT);
  private readonly total = byId("pipeline-total");
  private readonly values = STEPS.map(() => el("dd"));
  private readonly bars = STEPS.map((_, index) => el("span", `step step-${index}`));

  constructor() {
    const pairs = STEPS.map((name, index) => {
      const key = el("dt", "", {}, el("i", `step step-${index}`), name);
      return el("div", "", {}, key, this.values[index]);
    });
    byId("pipeline-steps").replaceChildren(...pairs);
    byId("pipeline-bar").replaceChildren(...this.bars);
  }

  push(sample: TraceSample): void {
    this.samples.push(sample);
  }

  /** Median ms from feed to page; null before the first sample. */
  get latency(): number | null {
    return this.samples.size === 0 ? null : this.median(({ total }) => total);
  }

  render(): void {
    const whole = this.latency;
    if (whole === null) return;
    setText(this.total, latency(whole));
    const medians = STEPS.map((_, index) => this.median(({ steps }) => steps[index]));
    const sum = Math.max(
      medians.reduce((all, each) => all + each, 0),
      1e-6,
    );
    medians.forEach((ms, index) => {
      setText(this.values[index], latency(ms));
      this.bars[index].style.width = `${((ms / sum) * 100).toFixed(1)}%`;
    });
  }

  private median(pick: (sample: TraceSample) => number): number {
    const values: number[] = [];
    for (let age = 0; age < this.samples.size; age++) {
      const sample = this.samples.newest(age);
      if (sample !== undefined) values.push(pick(sample));
    }
    values.sort((a, b) => a - b);
    return values[values.length >> 1] ?? 0;
  }
}
