import { cssColor, parseColor, type Rgb } from "./color";
import { contrast, inkOn } from "./contrast";

/** The contrast that text needs, by WCAG 2 at level AA. */
export const TEXT_CONTRAST = 4.5;

const STEPS = 20;

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
