import { el, setData } from "../../dom";
import { type Layout, layOut, pathOf, pointAt } from "../layout";
import type { Dot } from "../motion";
import { NODES, type NodeName } from "../stages";
import type { PipelineState } from "../state";
import { Card } from "./card";
import { setAttributes, svg } from "./svg";

const DOT_RADIUS = 3;
const CHOSEN_RADIUS = 4.5;

/** The nodes, the ways between them and the dots on the ways. */
export class Diagram {
  readonly element = el("div", "diagram");
  private readonly cards: Card[];
  private readonly picture = svg("svg", { class: "ways", "aria-hidden": "true" });
  private readonly ways = NODES.slice(1).map(() => svg("path", { class: "way" }));
  private readonly dots = svg("g", { class: "way-dots" });
  private readonly labels = {
    server: el("p", "side-label", {}, "Server machine"),
    browser: el("p", "side-label", {}, "This browser"),
  };
  private layout: Layout = layOut(0);

  /** `onChoose` is called with the node that the user chooses. */
  constructor(onChoose: (name: NodeName) => void) {
    this.cards = NODES.map((name) => new Card(name, onChoose));
    this.picture.append(...this.ways, this.dots);
    const { server, browser } = this.labels;
    const elements = this.cards.map(({ element }) => element);
    this.element.append(this.picture, server, ...elements.slice(0, 4), browser);
    this.element.append(...elements.slice(4));
  }

  /** Place everything for a width in CSS pixels. */
  resize(width: number): void {
    this.layout = layOut(width);
    const { boxes, ways, labels, height, shape } = this.layout;
    setData(this.element, "shape", shape);
    this.element.style.height = `${height}px`;
    setAttributes(this.picture, {
      width: String(width),
      height: String(height),
      viewBox: `0 0 ${width} ${height}`,
    });
    this.cards.forEach(({ element }, index) => {
      const { x, y, width: wide, height: high } = boxes[index];
      Object.assign(element.style, {
        transform: `translate(${x}px, ${y}px)`,
        width: `${wide}px`,
        height: `${high}px`,
      });
    });
    for (const side of ["server", "browser"] as const) {
      const { x, y } = labels[side];
      this.labels[side].style.transform = `translate(${x}px, ${y}px)`;
    }
    ways.forEach((way, index) => {
      setAttributes(this.ways[index], { d: pathOf(way) });
    });
  }

  choose(name: NodeName | null): void {
    for (const card of this.cards) card.setChosen(card.name === name);
  }

  /** Show the figures; a way leads from a node that is down when that node or the next is. */
  render(state: PipelineState, now: number): void {
    for (const card of this.cards) card.render(state, now);
    this.ways.forEach((way, index) => {
      const ends = [this.cards[index], this.cards[index + 1]];
      const isBroken = ends.some(({ element }) => element.dataset["state"] !== "up");
      way.dataset["broken"] = String(isBroken);
    });
  }

  /** Light the ways up to a node, or none. */
  light(isLit: boolean): void {
    setData(this.element, "lit", String(isLit));
  }

  move(dots: readonly Dot[], chosen: string | null): void {
    while (this.dots.childElementCount < dots.length) this.dots.append(svg("circle"));
    while (this.dots.childElementCount > dots.length) this.dots.lastElementChild?.remove();
    dots.forEach(({ id, way, share }, index) => {
      const { x, y } = pointAt(this.layout.ways[way], share);
      const isChosen = id === chosen;
      setAttributes(this.dots.children[index], {
        class: isChosen ? "dot chosen" : "dot",
        cx: x.toFixed(2),
        cy: y.toFixed(2),
        r: String(isChosen ? CHOSEN_RADIUS : DOT_RADIUS),
      });
    });
  }
}
