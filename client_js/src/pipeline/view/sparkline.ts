import { setAttributes, svg } from "./svg";

const WIDTH = 120;
const HEIGHT = 22;
const INSET = 1.5;

/** A line of values over time, scaled to its box; a missing value interrupts it. */
export class Sparkline {
  readonly element = svg("svg", {
    class: "node-spark",
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
  private readonly area = svg("path", { class: "node-area" });
  private readonly line = svg("path", {
    class: "node-line",
    "vector-effect": "non-scaling-stroke",
  });

  constructor() {
    this.element.append(this.area, this.line);
  }

  render(points: readonly (number | null)[]): void {
    const runs = runsOf(points);
    setAttributes(this.line, { d: runs.map((run) => `M${run.join("L")}`).join("") });
    setAttributes(this.area, { d: runs.map(areaOf).join("") });
  }
}

/** The points as texts "x y", in runs without a gap. */
export function runsOf(points: readonly (number | null)[]): string[][] {
  const highest = points.reduce<number>((most, each) => Math.max(most, each ?? 0), 0);
  const runs: string[][] = [];
  let run: string[] = [];
  points.forEach((value, index) => {
    if (value === null) {
      run = [];
      return;
    }
    if (run.length === 0) runs.push(run);
    const x = (index / (points.length - 1)) * WIDTH;
    const share = highest === 0 ? 0 : value / highest;
    const y = HEIGHT - INSET - share * (HEIGHT - 2 * INSET);
    run.push(`${x.toFixed(1)} ${y.toFixed(1)}`);
  });
  return runs.map((each) => (each.length === 1 ? [each[0], each[0]] : each));
}

function areaOf(run: string[]): string {
  const [start, end] = [run[0], run[run.length - 1]].map((point) => point.split(" ")[0]);
  return `M${start} ${HEIGHT}L${run.join("L")}L${end} ${HEIGHT}Z`;
}
