import type { Point } from "./crosshair";
import type { ChartLayer, Drag } from "./layers";

/** The cursor of the topmost of `layers` that would take a press at a point; null without one. */
export function cursorAt(layers: ReadonlySet<ChartLayer>, at: Point): string | null {
  return topmost(layers, (layer) => layer.cursorAt?.(at) ?? null);
}

/** Give a press to the topmost of `layers` that takes it; null if none does. */
export function press(
  layers: ReadonlySet<ChartLayer>,
  at: Point,
  event: PointerEvent,
): Drag | null {
  return topmost(layers, (layer) => layer.press?.(at, event) ?? null);
}

function topmost<T>(
  layers: ReadonlySet<ChartLayer>,
  ask: (layer: ChartLayer) => T | null,
): T | null {
  for (const layer of [...layers].reverse()) {
    const answer = ask(layer);
    if (answer !== null) return answer;
  }
  return null;
}
