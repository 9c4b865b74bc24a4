/**
 * Take the focus out of a popover as it closes. The browser gives it back to the element that had it
 * before; if none had, it would stay on a hidden field until the next frame and take keys meant for
 * the page.
 */
export function releaseFocusOnClose(popover: HTMLElement): void {
  popover.addEventListener("beforetoggle", ({ newState }) => {
    const { activeElement } = document;
    const isInside = activeElement instanceof HTMLElement && popover.contains(activeElement);
    if (newState === "closed" && isInside) activeElement.blur();
  });
}

/** Tell by a button whether its popover is open. */
export function showExpanded(button: HTMLElement, popover: HTMLElement): void {
  const show = () => {
    button.setAttribute("aria-expanded", String(popover.matches(":popover-open")));
  };
  popover.addEventListener("toggle", show);
  // Its button may have opened it before its content was loaded.
  show();
}
