import { el } from "../dom";

/** Time that a browser may take to begin a download, ms. */
const BEGIN_MS = 60_000;

/** Have the browser save data as a file. */
export function download(data: Blob, name: string): void {
  const url = URL.createObjectURL(data);
  el("a", "", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), BEGIN_MS);
}

/** Name a file after its content and the minute in UTC, such as `EUR-USD-1m-2026-11-27T1020Z.png`. */
export function fileName(parts: readonly string[], time: number, suffix: string): string {
  const minute = new Date(time).toISOString().slice(0, 16).replace(":", "");
  const plain = parts.map((part) => part.replace(/[^\p{L}\p{N}]+/gu, "-"));
  return `${[...plain, minute].join("-")}Z.${suffix}`;
}
