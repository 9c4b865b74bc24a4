import type { Chart } from "../chart/chart";
import { SCALE_KINDS, type ScaleKind } from "../chart/price-scale";
import { byId, el } from "../dom";
import { recall, remember } from "./settings";

const NAMES: Record<ScaleKind, string> = { linear: "Linear", log: "Log", percent: "Percent" };

/** Read the name of a scale; null if it is none. */
export function readScale(text: string | null): ScaleKind | null {
  return SCALE_KINDS.find((each) => each === text) ?? null;
}

/** The scale kept at the last visit; null if there is none. */
export function keptScale(): ScaleKind | null {
  return readScale(recall("scale"));
}

/** The choice of the price scale. */
export class ScaleSelect {
  private readonly element = byId<HTMLSelectElement>("scale");

  constructor(
    private readonly chart: Chart,
    private readonly onChange: () => void,
  ) {
    this.element.replaceChildren(
      ...SCALE_KINDS.map((kind) => el("option", "", { value: kind }, NAMES[kind])),
    );
    this.refresh();
    this.element.addEventListener("change", () => {
      this.choose(readScale(this.element.value) ?? "linear");
    });
  }

  /** Show the scale that the chart has now. */
  refresh(): void {
    this.element.value = this.chart.scale;
  }

  /** Change to the next scale. */
  next(): void {
    const at = SCALE_KINDS.indexOf(this.chart.scale);
    this.choose(SCALE_KINDS[(at + 1) % SCALE_KINDS.length]);
  }

  private choose(kind: ScaleKind): void {
    this.chart.setScale(kind);
    this.refresh();
    remember("scale", kind);
    this.onChange();
  }
}
