/** Drawing on charts: trend lines, horizontal lines, rectangles and measurements. */
export {
  ANCHORS,
  type Anchor,
  checkedDrawing,
  type Drawing,
  type DrawingInput,
  type DrawingKind,
} from "../tools/drawing";
export { DrawingBook, type DrawingBookEvents } from "../tools/drawing-book";
export { type DrawingTools, type DrawingToolsEvents, drawingTools } from "../tools/drawing-tools";
export { type Figures, figuresOf } from "../tools/figures";
