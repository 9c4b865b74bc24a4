/** An opaque colour, each channel 0 to 255. */
export type Rgb = readonly [number, number, number];

/** Parse "#rrggbb"; throws RangeError for anything else. */
export function parseColor(text: string): Rgb {
  const hex = /^#([0-9a-f]{6})$/i.exec(text.trim())?.[1];
  if (hex === undefined) throw new RangeError(`not a colour: ${text}`);
  const value = Number.parseInt(hex, 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** The colour as CSS text. */
export function cssColor([red, green, blue]: Rgb): string {
  return `rgb(${red} ${green} ${blue})`;
}

/** The colours of a chart. */
export interface Palette {
  background: Rgb;
  grid: Rgb;
  up: Rgb;
  down: Rgb;
  volumeUp: Rgb;
  volumeDown: Rgb;
  axisText: Rgb;
  axisStrong: Rgb;
  axisLine: Rgb;
}

const VARIABLES: Record<keyof Palette, string> = {
  background: "--chart-background",
  grid: "--chart-grid",
  up: "--up",
  down: "--down",
  volumeUp: "--volume-up",
  volumeDown: "--volume-down",
  axisText: "--text-dim",
  axisStrong: "--text",
  axisLine: "--border",
};

/** Read the palette from the CSS custom properties in force on `element`. */
export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const context = document.createElement("canvas").getContext("2d");
  if (context === null) throw new Error("this browser does not support 2D canvases");
  const entries = Object.entries(VARIABLES).map(([key, name]) => {
    // A build may rewrite a colour in any form; a canvas always returns "#rrggbb".
    context.fillStyle = style.getPropertyValue(name);
    return [key, parseColor(String(context.fillStyle))];
  });
  return Object.fromEntries(entries) as Palette;
}
