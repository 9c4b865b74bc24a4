/** Candlestick charts, drawn by WebGPU or Canvas2D. */
export type { Added } from "../chart/added";
export { Chart, createChart } from "../chart/chart";
export type { ChartEvents, ChartPoint } from "../chart/chart-events";
export type { Rgb } from "../chart/color";
export type { Coordinates } from "../chart/coordinates";
export type { FeedClock } from "../chart/countdown";
export type { Point } from "../chart/crosshair";
export type { Sight } from "../chart/geometry";
export type {
  IndicatorKernels,
  IndicatorParams,
  IndicatorRequest,
  IndicatorSession,
  IndicatorSink,
  IndicatorSource,
} from "../chart/indicator-kernels";
export type { IndicatorOptions } from "../chart/indicators";
export type { ChartLayer, Drag, LayerFrame, PriceLabel } from "../chart/layers";
export { linkCrosshairs } from "../chart/link-crosshairs";
export type { Marker } from "../chart/markers";
export type { ChartOptions, ChartSource } from "../chart/options";
export type { PaneHeights } from "../chart/pane-heights";
export type { PriceLine, PriceLineOptions } from "../chart/price-lines";
export type { ScaleKind } from "../chart/price-scale";
export type { CrosshairInput, TimeRange, VisibleRange } from "../chart/range";
export { packColor, type RectBatch } from "../chart/rect-batch";
export type { RendererName } from "../chart/renderers/renderer";
export { type Plot, type PlotKind, PRICE_PANE, type Series } from "../chart/series";
export type { PaneOptions } from "../chart/series-host";
export { THEMES, type Theme, type ThemeInput, type ThemeName } from "../chart/theme";
export type { Zone } from "../format/zone";
export type { BarInput } from "../store/bars";
export type { Bar, CandleStore } from "../store/candle-store";
export type { TickInput } from "../store/ticks";
export type { TradingHours } from "../store/trading-hours";
export type { DecimalInput, TimeInput } from "../store/values";
