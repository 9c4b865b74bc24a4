/** An opaque colour, each channel 0 to 255. */
export type Rgb = readonly [number, number, number];

const HEX = /^#([0-9a-f]{6})$/i;

/** Return whether text is a colour, "#rrggbb". */
export function isColor(text: string): boolean {
  return HEX.test(text);
}

/** Parse "#rrggbb"; throws RangeError for anything else. */
export function parseColor(text: string): Rgb {
  const hex = HEX.exec(text.trim())?.[1];
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
