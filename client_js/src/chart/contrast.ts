import { cssColor, parseColor, type Rgb } from "./color";

/** The contrast that text needs, by WCAG 2 at level AA. */
export const TEXT_CONTRAST = 4.5;

const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];
const STEPS = 20;

/** The contrast of two colours by WCAG 2, from 1 to 21. */
export function contrast(one: Rgb, other: Rgb): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** Black or white, whichever can be read better on `ground`. */
export function inkOn(ground: Rgb): Rgb {
  return contrast(BLACK, ground) > contrast(WHITE, ground) ? BLACK : WHITE;
}

/** `color` ("#rrggbb") as text on `ground`, as CSS: darker or lighter if it could not be read. */
export function legible(color: string, ground: Rgb): string {
  const given = parseColor(color);
  const ink = inkOn(ground);
  let shade = given;
  for (let step = 1; contrast(shade, ground) < TEXT_CONTRAST && step <= STEPS; step++) {
    shade = mix(given, ink, step / STEPS);
  }
  return cssColor(shade);
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  const channel = (k: 0 | 1 | 2) => Math.round(from[k] + (to[k] - from[k]) * share);
  return [channel(0), channel(1), channel(2)];
}

function luminance([red, green, blue]: Rgb): number {
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

function linear(channel: number): number {
  const share = channel / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}
