/** Other symbols as lines over a chart's candles, in percent. */
export {
  type Compared,
  type CompareInput,
  type Comparison,
  type ComparisonEvents,
  comparison,
  MOST_COMPARED,
} from "../compare/comparison";
