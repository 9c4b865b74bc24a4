/** All of tickfire for JavaScript. An application that needs a part imports that part's entry. */
export type * from "./entries/chart";
export { Chart, createChart, linkCrosshairs, PRICE_PANE, packColor, THEMES } from "./entries/chart";
export type * from "./entries/compute";
export {
  Compute,
  INDICATORS,
  IndicatorError,
  kernelIndicators,
  SOURCES,
  StoreSync,
  serve,
} from "./entries/compute";
export type * from "./entries/feed";
export { barOf, decodeTicks, MarketFeed, priceText } from "./entries/feed";
export type * from "./entries/models";
export { LABELS, SentimentModel } from "./entries/models";
export type * from "./entries/store";
export {
  boundsOf,
  CandleStore,
  decimalsOf,
  fromUnits,
  INTERVALS,
  intervalLength,
  MarketClock,
  TickFolder,
  toUnits,
} from "./entries/store";
