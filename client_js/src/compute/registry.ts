import { INDICATORS, NOT_INDICATORS, SOURCES } from "./generated/indicators";

export { INDICATORS, NOT_INDICATORS, SOURCES };

export type Source = (typeof SOURCES)[number];

/** A number that an indicator is computed with. Ranges include both ends. */
export interface NumberSpec {
  label: string;
  default: number;
  min: number;
  max: number;
  /** True for a count; false for any number of the range. */
  whole: boolean;
  /** The kernel takes a 64-bit integer: this many ns for each of these units. */
  ns?: bigint;
}

/** One row of results. */
export interface OutputSpec {
  label: string;
  /** "none": computed, not drawn. */
  plot: "line" | "histogram" | "dots" | "none";
  /** Another output: the line is interrupted where that changes. */
  breaks?: string;
}

/** The catalogue entry of an indicator. */
export interface IndicatorSpec {
  /** Short, as in a legend, and in full, as in a menu. */
  title: string;
  about: string;
  /** Over the candles, or in a pane of its own. */
  pane: "overlay" | "own";
  /** The price it is taken of where the user does not choose; absent where it takes whole bars. */
  source?: Source;
  params: Readonly<Record<string, NumberSpec>>;
  /** By the kernel's name for them, in its order. */
  outputs: Readonly<Record<string, OutputSpec>>;
  /** Fill between two outputs. */
  fill?: readonly [string, string];
  /** Fixed scale, and levels to mark. */
  range?: readonly [number, number];
  guides?: readonly number[];
  /** The kernel's input that takes another symbol's price; absent if it is computed from one symbol. */
  other?: string;
}

export type IndicatorName = keyof typeof INDICATORS;

/** The parameters of an indicator; what is left out has its default. */
export type Params<N extends IndicatorName = IndicatorName> = {
  [P in keyof (typeof INDICATORS)[N]["params"]]?: number;
} & ((typeof INDICATORS)[N] extends { source: Source } ? { source?: Source } : unknown) &
  ((typeof INDICATORS)[N] extends { other: string } ? { symbol?: string } : unknown);

/** The names of an indicator's results. */
export type OutputName<N extends IndicatorName> = keyof (typeof INDICATORS)[N]["outputs"] & string;

/** Return true if `text` names an indicator. */
export function isIndicator(text: string): text is IndicatorName {
  return Object.hasOwn(INDICATORS, text);
}

const SPECS: Readonly<Record<IndicatorName, IndicatorSpec>> = INDICATORS;

/** The specification of an indicator, by a type that is the same for all. */
export function specOf(name: IndicatorName): IndicatorSpec {
  return SPECS[name];
}
