import { byId } from "../dom";

/** The button that shows the page on the full screen; hidden where the browser cannot. */
export class Fullscreen {
  private readonly button = byId("fullscreen");

  constructor() {
    this.button.hidden = !document.fullscreenEnabled;
    this.button.addEventListener("click", () => void this.toggle());
    document.addEventListener("fullscreenchange", () => {
      const isFull = document.fullscreenElement !== null;
      this.button.setAttribute("aria-pressed", String(isFull));
    });
    // Most browsers do this themselves, but not all where the page is an application of its own.
    document.addEventListener("keydown", ({ key }) => {
      if (key === "Escape" && document.fullscreenElement !== null) void this.toggle();
    });
  }

  async toggle(): Promise<void> {
    try {
      if (document.fullscreenElement === null) await document.documentElement.requestFullscreen();
      else await document.exitFullscreen();
    } catch {
      // The browser refuses without a gesture of the user's; the page stays as it is.
    }
  }
}
