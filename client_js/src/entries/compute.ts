/** Indicators by the server's own kernels, in a worker. */
export type { Bars, Trades } from "../compute/bar-columns";
export type { BarHistory } from "../compute/bar-history";
export { Compute, type ComputeOptions } from "../compute/compute";
export type { Indicator, Rows } from "../compute/indicator";
export { IndicatorError } from "../compute/params";
export {
  INDICATORS,
  type IndicatorName,
  type IndicatorSpec,
  type NumberSpec,
  type OutputName,
  type OutputSpec,
  type Params,
  SOURCES,
  type Source,
} from "../compute/registry";
export { type Port, serve } from "../compute/serve";
export { StoreSync } from "../compute/store-sync";
export type { ProfileBins, VolumeProfile } from "../compute/volume-profile";
export {
  type HeldCandles,
  type KernelIndicators,
  type KernelOptions,
  kernelIndicators,
} from "../indicators/kernel-indicators";
export { type VolumeProfileOptions, volumeProfile } from "../indicators/volume-profile";
