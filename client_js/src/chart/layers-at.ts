import type { Point } from "./crosshair";
import type { ChartLayer, Drag } from "./layers";

/** The cursor of the topmost of `layers` that would take a press at a point; null without one. */
export function cursorAt(layers: readonly ChartLayer[], at: Point): string | null {
  return topmost(layers, (layer) => layer.cursorAt?.(at) ?? null);
}

/** Give a press to the topmost of `layers` that takes it; null if none does. */
export function press(layers: readonly ChartLayer[], at: Point, event: PointerEvent): Drag | null {
  return topmost(layers, (layer) => layer.press?.(at, event) ?? null);
}

function topmost<T>(layers: readonly ChartLayer[], ask: (layer: ChartLayer) => T | null): T | null {
  for (let i = layers.length - 1; i >= 0; i--) {
    const answer = ask(layers[i]);
    if (answer !== null) return answer;
  }
  return null;
}
