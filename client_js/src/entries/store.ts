/** Candles as columns of exact prices, and ticks folded into them. */
export { decimalsOf, fromUnits, toUnits } from "../format/decimal";
export { INTERVALS } from "../schema";
export type { BarInput } from "../store/bars";
export { type Bar, CandleStore } from "../store/candle-store";
export type { Dirty, Watcher } from "../store/changes";
export { type Interval, intervalLength } from "../store/intervals";
export { MarketClock } from "../store/market-clock";
export { TickFolder, type TickInput } from "../store/ticks";
export { type Bounds, boundsOf, type TradingHours } from "../store/trading-hours";
export type { DecimalInput, TimeInput } from "../store/values";
