import { el } from "../dom";

/** Time of rest before an explanation opens, and of absence before it closes, ms. */
const OPEN_MS = 350;
const CLOSE_MS = 200;
/** Space between an element and its explanation, and around the window's edge, in CSS pixels. */
const GAP_PX = 6;
const EDGE_PX = 8;

/** Set the explanation of an element; its lines become paragraphs. */
export function explainBy(element: HTMLElement, text: string): void {
  if (element.dataset["tip"] !== text) element.dataset["tip"] = text;
}

/**
 * Explanations of all elements with `data-tip` or a title, in one popover: on hover, on keyboard focus, and
 * on a tap. Escape closes it, and the pointer may move onto it to read or select.
 */
export class Tips {
  private readonly tip = el("div", "tip", { id: "tip", role: "tooltip", popover: "manual" });
  private target: HTMLElement | null = null;
  private timer = 0;

  constructor() {
    document.body.append(this.tip);
    document.addEventListener("pointerover", (event) => this.over(event));
    document.addEventListener("pointerout", (event) => this.out(event));
    document.addEventListener("focusin", ({ target }) => this.focused(target));
    document.addEventListener("focusout", () => this.hide());
    document.addEventListener("click", (event) => this.clicked(event));
    // Before other listeners: Escape closes the explanation first, and only then what is below it.
    document.addEventListener("keydown", (event) => this.key(event), true);
    window.addEventListener("resize", () => this.hide());
    document.addEventListener("scroll", ({ target }) => this.scrolled(target), true);
  }

  private over({ pointerType, target }: PointerEvent): void {
    if (pointerType === "touch") return;
    const isOnTip = target instanceof Node && this.tip.contains(target);
    const explained = isOnTip ? this.target : explainedBy(target);
    if (explained !== null && explained === this.target) clearTimeout(this.timer);
    if (explained === null || explained === this.target) return;
    this.after(this.target === null ? OPEN_MS : CLOSE_MS, () => this.show(explained));
  }

  private out({ pointerType }: PointerEvent): void {
    if (pointerType !== "touch") this.after(CLOSE_MS, () => this.hide());
  }

  private focused(target: EventTarget | null): void {
    const explained = explainedBy(target);
    if (explained?.matches(":focus-visible") !== true) return;
    // Later: a panel that is being opened gives the focus to its first button, and until it is open
    // no other popover can be shown.
    this.after(0, () => this.show(explained));
  }

  /** A tap has no hover: it opens the explanation of what does nothing else, or closes it. */
  private clicked({ target }: MouseEvent): void {
    if (target instanceof Node && this.tip.contains(target)) return;
    const explained = explainedBy(target);
    const isAction = explained?.matches("button:not([data-explains]), a, input, select") === true;
    if (explained === null || isAction || explained === this.target) this.hide();
    else this.show(explained);
  }

  private key(event: KeyboardEvent): void {
    if (event.key !== "Escape" || this.target === null) return;
    event.stopPropagation();
    event.preventDefault();
    this.hide();
  }

  private scrolled(target: EventTarget | null): void {
    if (target instanceof Node && this.target !== null && target.contains(this.target)) this.hide();
  }

  private after(ms: number, task: () => void): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(task, ms);
  }

  private show(target: HTMLElement): void {
    this.hide();
    const text = target.dataset["tip"] ?? "";
    if (text === "" || !target.isConnected) return;
    this.target = target;
    this.tip.replaceChildren(...text.split("\n").map((line) => el("p", "", {}, line)));
    target.setAttribute("aria-describedby", this.tip.id);
    this.tip.showPopover();
    place(this.tip, target.getBoundingClientRect());
  }

  private hide(): void {
    clearTimeout(this.timer);
    this.forget();
    if (this.tip.matches(":popover-open")) this.tip.hidePopover();
  }

  private forget(): void {
    this.target?.removeAttribute("aria-describedby");
    this.target = null;
  }
}

/** The explained element around `target`; a native title becomes an explanation of ours. */
function explainedBy(target: EventTarget | null): HTMLElement | null {
  const found =
    target instanceof Element ? target.closest<HTMLElement>("[data-tip], [title]") : null;
  if (found?.title) {
    explainBy(found, found.title);
    found.removeAttribute("title");
  }
  return found;
}

/** Below the element if there is room, else above it; always within the window. */
function place(tip: HTMLElement, around: DOMRect): void {
  const { offsetWidth: width, offsetHeight: height } = tip;
  const { innerWidth, innerHeight } = window;
  const left = Math.min(Math.max(around.left, EDGE_PX), innerWidth - width - EDGE_PX);
  const below = around.bottom + GAP_PX;
  const fits = below + height <= innerHeight - EDGE_PX;
  const top = fits ? below : Math.max(around.top - GAP_PX - height, EDGE_PX);
  tip.style.left = `${Math.max(left, 0)}px`;
  tip.style.top = `${top}px`;
}
