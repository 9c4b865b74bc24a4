/**
 * Indicators as one writes them in JavaScript for speed: typed arrays, one pass, running sums. They
 * stand beside the kernels in the benchmark; unlike these they drift, and take no notice of NaN.
 */

type Column = Float64Array;

export function sma(src: Column, period: number, out: Column): void {
  let sum = 0;
  for (let i = 0; i < src.length; i++) {
    sum += src[i];
    if (i >= period) sum -= src[i - period];
    out[i] = i >= period - 1 ? sum / period : Number.NaN;
  }
}

export function ema(src: Column, period: number, out: Column): void {
  const weight = 2 / (period + 1);
  let sum = 0;
  let mean = 0;
  for (let i = 0; i < src.length; i++) {
    if (i < period) {
      sum += src[i];
      mean = sum / period;
      out[i] = i === period - 1 ? mean : Number.NaN;
    } else {
      mean += weight * (src[i] - mean);
      out[i] = mean;
    }
  }
}

export function rsi(src: Column, period: number, out: Column): void {
  let gain = 0;
  let loss = 0;
  if (src.length > 0) out[0] = Number.NaN;
  for (let i = 1; i < src.length; i++) {
    const change = src[i] - src[i - 1];
    const up = change > 0 ? change : 0;
    const down = change < 0 ? -change : 0;
    if (i <= period) {
      gain += up / period;
      loss += down / period;
    } else {
      gain = (gain * (period - 1) + up) / period;
      loss = (loss * (period - 1) + down) / period;
    }
    const all = gain + loss;
    out[i] = i < period ? Number.NaN : all === 0 ? 0 : (100 * gain) / all;
  }
}

export function bollinger(
  src: Column,
  period: number,
  width: number,
  middle: Column,
  upper: Column,
  lower: Column,
): void {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < src.length; i++) {
    sum += src[i];
    squares += src[i] * src[i];
    if (i >= period) {
      sum -= src[i - period];
      squares -= src[i - period] * src[i - period];
    }
    if (i < period - 1) {
      middle[i] = upper[i] = lower[i] = Number.NaN;
      continue;
    }
    const mean = sum / period;
    const reach = width * Math.sqrt(Math.max(squares / period - mean * mean, 0));
    middle[i] = mean;
    upper[i] = mean + reach;
    lower[i] = mean - reach;
  }
}

export function atr(high: Column, low: Column, close: Column, period: number, out: Column): void {
  let mean = 0;
  if (high.length > 0) out[0] = Number.NaN;
  for (let i = 1; i < high.length; i++) {
    const before = close[i - 1];
    const range = Math.max(high[i], before) - Math.min(low[i], before);
    if (i <= period) mean += range / period;
    else mean = (mean * (period - 1) + range) / period;
    out[i] = i < period ? Number.NaN : mean;
  }
}
