/** Numbers and names as people read them. */

/** A name with underscores as words. */
export function words(name: string): string {
  return name.replaceAll("_", " ");
}

export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** A share of 1 in percent: "51.3 %". */
export function share(value: number): string {
  return `${(value * 100).toFixed(1)} %`;
}

/** A number with as many digits as anyone reads: "66,050", "96.4", "0.031". */
export function plainNumber(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 1000 ? 0 : size >= 100 ? 0 : size >= 1 ? 1 : 3;
  const text = value.toLocaleString("en-US", { maximumFractionDigits: digits });
  return text.replace("-", "−");
}

/** A duration: "3 ms", "0.9 s", "2.5 min". */
export function duration(seconds: number): string {
  if (seconds < 0.001) return "less than 1 ms";
  if (seconds < 0.1) return `${plainNumber(Math.round(seconds * 1000))} ms`;
  if (seconds < 90) return `${plainNumber(seconds)} s`;
  return `${plainNumber(seconds / 60)} min`;
}

/** Say the ratio of `value` to `usual` in words; empty if that tells nothing. */
export function times(value: number, usual: number): string {
  const ratio = value / usual;
  if (!Number.isFinite(ratio) || ratio <= 0) return "";
  if (ratio >= 1.5) return `${plainNumber(ratio)} times as much as usual`;
  if (ratio <= 0.67) return `${plainNumber(1 / ratio)} times less than usual`;
  return "";
}
