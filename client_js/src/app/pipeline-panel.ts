import { byId, el } from "../dom";
import type { Zone } from "../format/time";
import type { PipelineProbe } from "../pipeline/probe";
import { PipelineView } from "../pipeline/view/view";

/** The pipeline over the page: it opens from the latency in the status line. */
export class PipelinePanel {
  private readonly panel = byId("pipeline-panel");
  private readonly badge = byId("status-latency-button");
  private readonly view: PipelineView;

  constructor(
    private readonly probe: PipelineProbe,
    zone: () => Zone,
  ) {
    const body = el("div", "pipeline-view");
    this.panel.append(this.head(), body);
    this.view = new PipelineView(body, probe.state, zone);
    this.panel.addEventListener("toggle", (event) => this.toggled(event.newState === "open"));
  }

  /** Follow a traced tick in the panel; false if it was not traced. */
  follow(id: string): boolean {
    if (!this.view.follow(id)) return false;
    this.panel.showPopover();
    return true;
  }

  private head(): HTMLElement {
    const page = el("a", "pipeline-full", { href: `pipeline${location.hash}` }, "Full page");
    const close = el("button", "icon-button", { type: "button", "aria-label": "Close" }, "✕");
    close.addEventListener("click", () => this.panel.hidePopover());
    const title = el("h2", "", { id: "pipeline-panel-title" }, "From feed to pixel");
    return el("header", "pipeline-head", {}, title, page, close);
  }

  private toggled(isOpen: boolean): void {
    this.badge.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) {
      this.probe.watch();
      this.view.show();
    } else {
      this.view.hide();
      this.probe.rest();
    }
  }
}
