import { byId, el } from "../dom";
import type { Zone } from "../format/zone";
import type { Journey } from "../pipeline/journey";
import type { PipelineProbe } from "../pipeline/probe";
import type { PipelineView } from "../pipeline/view/view";
import { besidePage } from "./beside-page";
import { OnDemand } from "./on-demand";
import { showExpanded } from "./popover";

/**
 * The pipeline over the page: it opens from the latency in the status line. Its view is loaded when
 * it is first opened.
 */
export class PipelinePanel {
  private readonly panel = byId("pipeline-panel");
  private readonly body = el("div", "pipeline-view");
  private readonly view: OnDemand<PipelineView>;

  constructor(
    private readonly probe: PipelineProbe,
    zone: () => Zone,
    onFailure: (reason: string) => void,
  ) {
    this.view = new OnDemand(
      async () => {
        const { PipelineView } = await import("../pipeline/view/view");
        return new PipelineView(this.body, probe.state, zone);
      },
      "The pipeline cannot be drawn",
      onFailure,
    );
    this.panel.append(this.head(), this.body);
    showExpanded(byId("status-latency-button"), this.panel);
    this.panel.addEventListener("toggle", (event) => this.toggled(event.newState === "open"));
  }

  /** Follow a traced tick in the panel. */
  follow(journey: Journey): void {
    this.panel.showPopover();
    this.view.use((view) => view.follow(journey));
  }

  private head(): HTMLElement {
    const href = `${besidePage("pipeline")}${location.hash}`;
    const page = el("a", "pipeline-full", { href }, "Full page");
    const close = el("button", "icon-button", { type: "button", "aria-label": "Close" }, "✕");
    close.addEventListener("click", () => this.panel.hidePopover());
    const title = el("h2", "", { id: "pipeline-panel-title" }, "From feed to pixel");
    return el("header", "pipeline-head", {}, title, page, close);
  }

  private toggled(isOpen: boolean): void {
    if (isOpen) this.probe.watch();
    else this.probe.rest();
    this.view.use((view) => (this.panel.matches(":popover-open") ? view.show() : view.hide()));
  }
}
