/** The size of an element's content in whole device pixels. */
export interface DeviceSize {
  width: number;
  height: number;
}

/**
 * Watch the sizes of `elements` in device pixels, as reported by the browser where possible: CSS
 * pixels times the device ratio is not exact, and a canvas that is off by one pixel is blurred.
 */
export function observeDeviceSizes(
  elements: readonly Element[],
  onSizes: (sizes: readonly DeviceSize[]) => void,
): () => void {
  const sizes = new Map<Element, DeviceSize>();
  const observer = new ResizeObserver((entries) => {
    for (const entry of entries) sizes.set(entry.target, deviceSize(entry));
    const known = elements.map((element) => sizes.get(element));
    if (known.every((size) => size !== undefined)) onSizes(known);
  });
  for (const element of elements) observe(observer, element);
  return () => observer.disconnect();
}

function observe(observer: ResizeObserver, element: Element): void {
  try {
    observer.observe(element, { box: "device-pixel-content-box" });
  } catch {
    observer.observe(element);
  }
}

function deviceSize(entry: ResizeObserverEntry): DeviceSize {
  const ratio = window.devicePixelRatio;
  const width = Math.round(entry.contentRect.width * ratio);
  const height = Math.round(entry.contentRect.height * ratio);
  const exact = entry.devicePixelContentBoxSize?.[0];
  // With an emulated ratio, as in developer tools, the reported size is that of the real screen.
  const isReal = exact !== undefined && Math.abs(exact.inlineSize - width) <= 1;
  return isReal ? { width: exact.inlineSize, height: exact.blockSize } : { width, height };
}
