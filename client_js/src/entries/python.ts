/** Indicators that users write in Python, over the candles of a chart, and an editor for them. */
export { describe as faultText } from "../python/diagnostics";
export { Draft, type DraftHandlers } from "../python/draft";
export { Editor as PythonEditor, type EditorHandlers } from "../python/editor";
export type { HostState as PythonState } from "../python/host";
export {
  type PythonEvents,
  type PythonIndicator,
  type PythonOptions,
  pythonIndicator,
} from "../python/indicator";
export type { Catalogue, Fault, Outcome, Stage } from "../python/messages";
