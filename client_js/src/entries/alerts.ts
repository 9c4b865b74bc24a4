/** Price alerts: lines on a chart, and a watch for the prices that reach them. */
export type { Alert } from "../alerts/alert";
export {
  AlertBook,
  type AlertBookHandlers,
  type AlertInput,
  type Fired,
} from "../alerts/alert-book";
export { type AlertLines, alertLines } from "../alerts/alert-lines";
export { CrossingWatch, type Direction } from "../alerts/crossing";
