import type { Editor } from "./editor";

/** The edits that keys take back and do again. */
interface Undoable {
  undo(): boolean;
  redo(): boolean;
}

/** Candles, and steps of price, that each arrow key moves. */
const ARROWS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** Steps of an arrow key with Shift. */
const FAR = 10;

/**
 * Keys while drawing: arrows move the next anchor or the selected drawing, Enter places the anchor,
 * Delete removes, Escape cancels, Ctrl+Z and Ctrl+Y undo and redo. Returns whether the key meant
 * something.
 */
export function toolKey(event: KeyboardEvent, editor: Editor, edits: Undoable): boolean {
  const { key, shiftKey } = event;
  if (event.altKey) return false;
  if (event.ctrlKey || event.metaKey) return undoKey(key.toLowerCase(), shiftKey, edits);
  const arrow = ARROWS[key];
  if (arrow !== undefined) {
    const far = shiftKey ? FAR : 1;
    return editor.step(arrow[0] * far, arrow[1] * far);
  }
  if (key === "Enter") return editor.place();
  if (key === "Escape") return editor.cancel();
  return (key === "Delete" || key === "Backspace") && editor.removeSelected();
}

function undoKey(key: string, shift: boolean, edits: Undoable): boolean {
  if (key === "z") return shift ? edits.redo() : edits.undo();
  return key === "y" && edits.redo();
}
