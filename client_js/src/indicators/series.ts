import { histogram } from "../chart/colors.json";
import { type Plot, PRICE_PANE, type Series } from "../chart/series";
import type { Indicator } from "../compute/indicator";
import { type Resolved, titleOf } from "../compute/params";
import { type IndicatorSpec, specOf } from "../compute/registry";
import { COLORS } from "./colors";

/** One indicator as drawn. */
export interface Choice {
  /** Unique in its chart. */
  id: string;
  resolved: Resolved;
  /** Colour of its first line, "#rrggbb". */
  color: string;
}

/** A chosen indicator as a chart series; before the first results, only its pane and title. */
export function seriesOf({ id, resolved, color }: Choice, indicator: Indicator | null): Series {
  const spec = specOf(resolved.name);
  const names = Object.keys(spec.outputs).filter((name) => spec.outputs[name].plot !== "none");
  const outputs = indicator?.outputs as Record<string, Float64Array> | undefined;
  const fill = spec.fill?.map((name) => names.indexOf(name));
  return {
    title: titleOf(resolved),
    pane: spec.pane === "overlay" ? PRICE_PANE : id,
    time: indicator?.time ?? new Float64Array(),
    plots: names.map((name, index) => {
      const values = outputs?.[name] ?? new Float64Array();
      const { breaks } = spec.outputs[name];
      const interrupted = breaks === undefined ? {} : { breaks: outputs?.[breaks] ?? values };
      return { values, ...interrupted, ...lookOf(spec, name, index, color) };
    }),
    ...(fill === undefined ? {} : { fill: [fill[0], fill[1]] as const }),
    ...(spec.range === undefined ? {} : { range: spec.range }),
    ...(spec.guides === undefined ? {} : { guides: spec.guides }),
  };
}

function lookOf(
  spec: IndicatorSpec,
  name: string,
  index: number,
  color: string,
): Omit<Plot, "values" | "breaks"> {
  const { label, plot } = spec.outputs[name];
  if (plot === "histogram")
    return { label, kind: plot, color: histogram.above, negative: histogram.below };
  const kind = plot === "dots" ? "dots" : "line";
  // Both edges of a band have the same colour.
  const isFirst = index === 0 || spec.fill?.includes(name) === true;
  return { label, kind, color: isFirst ? color : nextColor(color, index) };
}

function nextColor(color: string, steps: number): string {
  const at = COLORS.indexOf(color);
  return COLORS[(at + steps) % COLORS.length];
}
