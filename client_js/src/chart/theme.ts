import { cssColor, type Palette, parseColor } from "./color";
import { themes } from "./colors.json";
import { inkOn } from "./contrast";

/** The colours of a chart, each "#rrggbb". */
export interface Theme {
  background: string;
  grid: string;
  /** Rising and falling candles, and their volumes. */
  up: string;
  down: string;
  /** The same hues as text, and as the ground of the last price's label. */
  upText: string;
  downText: string;
  volumeUp: string;
  volumeDown: string;
  text: string;
  textDim: string;
  textBright: string;
  border: string;
  borderStrong: string;
  /** Buttons, and buttons under the pointer. */
  raised: string;
  hover: string;
  /** The crosshair's labels on the axes. */
  label: string;
  /** Marks of alert. */
  warn: string;
  /** The outline of what has the keyboard's focus. */
  accent: string;
}

export type ThemeName = "dark" | "light";

export const THEMES: Readonly<Record<ThemeName, Readonly<Theme>>> = themes;

/** A theme by name, or some colours of one's own over the dark theme. */
export type ThemeInput = ThemeName | (Partial<Theme> & { base?: ThemeName });

/**
 * Complete a theme; throws RangeError for an unknown name, key or colour. Text follows candles of a
 * colour of one's own, unless it is given one itself.
 */
export function resolveTheme(given: ThemeInput): Theme {
  const { base, ...own } = typeof given === "string" ? { base: given } : given;
  const theme = THEMES[base ?? "dark"];
  if (theme === undefined) throw new RangeError(`theme must be "dark" or "light", not "${base}"`);
  for (const [key, color] of Object.entries(own)) {
    if (!Object.hasOwn(theme, key)) throw new RangeError(`theme has no colour "${key}"`);
    parseColor(String(color));
  }
  const { up: upText = theme.upText, down: downText = theme.downText } = own;
  return { ...theme, upText, downText, ...own };
}

/** The theme as the renderers take it. */
export function paletteOf(theme: Theme): Palette {
  return {
    background: parseColor(theme.background),
    grid: parseColor(theme.grid),
    up: parseColor(theme.up),
    down: parseColor(theme.down),
    volumeUp: parseColor(theme.volumeUp),
    volumeDown: parseColor(theme.volumeDown),
    axisText: parseColor(theme.textDim),
    axisStrong: parseColor(theme.text),
    axisLine: parseColor(theme.border),
  };
}

/** The colour of text on the theme's labels. */
export function inksOf({ upText, downText, label }: Theme) {
  const ink = (ground: string) => cssColor(inkOn(parseColor(ground)));
  return { onUp: ink(upText), onDown: ink(downText), onLabel: ink(label) };
}

/** Set the custom properties that chart.css reads: `--chart-text-dim` for `textDim`. */
export function applyTheme(element: HTMLElement, theme: Theme): void {
  for (const [key, color] of Object.entries({ ...theme, ...inksOf(theme) })) {
    const name = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    element.style.setProperty(`--chart-${name}`, color);
  }
}
