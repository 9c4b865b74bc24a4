import { byId, el, setText } from "../dom";
import { preciseNow } from "../feed/clock";
import { latency } from "../format/time";
import type { Hop } from "../pipeline/stages";
import type { PipelineState } from "../pipeline/state";

const STEPS: readonly (readonly [Hop, string])[] = [
  ["parse", "Parse"],
  ["write", "Write"],
  ["read", "Stream"],
  ["encode", "Encode"],
  ["send", "Send"],
  ["network", "Network"],
];

/** Time spent in each hop from feed to page: medians of the last minute. */
export class Pipeline {
  private readonly total = byId("pipeline-total");
  private readonly values = STEPS.map(() => el("dd"));
  private readonly bars = STEPS.map((_, index) => el("span", `step step-${index}`));

  constructor(private readonly state: PipelineState) {
    const pairs = STEPS.map(([, name], index) => {
      const key = el("dt", "", {}, el("i", `step step-${index}`), name);
      return el("div", "", {}, key, this.values[index]);
    });
    byId("pipeline-steps").replaceChildren(...pairs);
    byId("pipeline-bar").replaceChildren(...this.bars);
  }

  /** Median ms from feed to page; null before the first sample. */
  get latency(): number | null {
    return this.state.latency(preciseNow());
  }

  render(): void {
    const now = preciseNow();
    const whole = this.state.latency(now);
    if (whole === null) return;
    setText(this.total, latency(whole));
    const medians = STEPS.map(([hop]) => this.state.quantiles(hop, now)?.p50 ?? 0);
    const sum = Math.max(
      medians.reduce((all, each) => all + each, 0),
      1e-6,
    );
    medians.forEach((ms, index) => {
      setText(this.values[index], latency(ms));
      this.bars[index].style.width = `${((ms / sum) * 100).toFixed(1)}%`;
    });
  }
}
