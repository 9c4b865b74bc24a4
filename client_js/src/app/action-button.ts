import { el } from "../dom";
import type { Toasts } from "./toasts";

/** Make a button of a panel that closes it and acts; the reason of a failure is shown. */
export function actionButton(
  name: string,
  panel: HTMLElement,
  toasts: Toasts,
  run: () => Promise<void> | void,
): HTMLButtonElement {
  const button = el("button", "tool-button", { type: "button" }, name);
  button.addEventListener("click", async () => {
    panel.hidePopover();
    try {
      await run();
    } catch (problem) {
      toasts.show(`${name} failed: ${(problem as Error).message}`);
    }
  });
  return button;
}
