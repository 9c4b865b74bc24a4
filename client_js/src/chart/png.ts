/**
 * Paint a chart into a PNG: its canvases, then the labels and legends above them as the page shows
 * them. `draw` draws the candles and returns their canvas, which a GPU keeps only for a moment.
 */
export async function paintChart(
  root: HTMLElement,
  axes: HTMLCanvasElement,
  draw: () => HTMLCanvasElement | null,
): Promise<Blob> {
  if (axes.clientWidth === 0) throw new Error("toPNG: the chart has no size");
  const canvas = document.createElement("canvas");
  canvas.width = axes.width;
  canvas.height = axes.height;
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("this browser does not support 2D canvases");
  context.fillStyle = getComputedStyle(root).backgroundColor;
  context.fillRect(0, 0, canvas.width, canvas.height);
  const candles = draw();
  if (candles !== null) context.drawImage(candles, 0, 0);
  context.drawImage(axes, 0, 0);
  const box = root.getBoundingClientRect();
  const ratio = axes.width / box.width;
  context.setTransform(ratio, 0, 0, ratio, -box.left * ratio, -box.top * ratio);
  for (const element of root.querySelectorAll<HTMLElement>("*")) paintElement(context, element);
  return blobOf(canvas);
}

/** Paint an element's ground and its own text, in CSS pixels of the page. */
function paintElement(context: CanvasRenderingContext2D, element: HTMLElement): void {
  if (element.matches("canvas, button:not(.marker)")) return;
  const { x, y, width, height } = element.getBoundingClientRect();
  if (width === 0 || height === 0) return;
  const style = getComputedStyle(element);
  context.fillStyle = style.backgroundColor;
  context.fillRect(x, y, width, height);
  context.fillStyle = style.color;
  context.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  context.textBaseline = "middle";
  for (const node of element.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) paintText(context, node);
  }
}

function paintText(context: CanvasRenderingContext2D, node: Node): void {
  const range = document.createRange();
  range.selectNodeContents(node);
  const [line] = range.getClientRects();
  if (line !== undefined) {
    context.fillText(node.textContent ?? "", line.x, line.y + line.height / 2);
  }
}

function blobOf(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob === null) reject(new Error("toPNG: this browser cannot encode the picture"));
      else resolve(blob);
    }, "image/png");
  });
}
