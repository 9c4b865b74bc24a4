import {
  acceptCompletion,
  autocompletion,
  moveCompletionSelection,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { pythonLanguage, python as pythonSupport } from "@codemirror/lang-python";
import { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import {
  type Diagnostic,
  forEachDiagnostic,
  lintGutter,
  lintKeymap,
  setDiagnostics,
} from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension, Prec } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { el } from "../dom";
import { catalogueCompletions } from "./completions";
import { spanOf } from "./diagnostics";
import { look } from "./editor-look";
import type { Catalogue, Fault } from "./messages";

const LABEL = "Indicator, in Python. Tab indents; press Escape, then Tab, to leave the editor.";

/** Handlers of the editor's events. */
export interface EditorHandlers {
  /** The user has changed the text. */
  onChange(text: string): void;
  /** Ctrl+Enter. */
  onRun(): void;
}

/**
 * CodeMirror for an indicator, in a shadow root: there its styles are constructed sheets, which a
 * content security policy without inline styles allows.
 */
export class Editor {
  readonly element = el("div", "code");
  private readonly view: EditorView;
  private catalogue: Catalogue = { kernels: [], bars: [] };
  private setting = false;

  constructor(private readonly handlers: EditorHandlers) {
    const root = this.element.attachShadow({ mode: "open" });
    this.view = new EditorView({ root, parent: root, state: this.stateOf("") });
    // Keys typed here are no shortcuts of the page.
    this.element.addEventListener("keydown", (event) => event.stopPropagation());
  }

  get text(): string {
    return this.view.state.doc.toString();
  }

  /** Replace the text, as one step that can be undone. */
  set text(text: string) {
    this.setting = true;
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text } });
    this.setting = false;
    this.mark(null);
  }

  /** The line with the caret, counted from 1. */
  get line(): number {
    const { doc, selection } = this.view.state;
    return doc.lineAt(selection.main.head).number;
  }

  focus(): void {
    this.view.focus();
  }

  /** Offer these names while the user types. */
  offer(catalogue: Catalogue): void {
    this.catalogue = catalogue;
  }

  /** Underline an error, with a message at it; null for none. */
  mark(fault: Fault | null, message = ""): void {
    const { state } = this.view;
    const span = fault === null ? null : spanOf(state.doc, fault);
    if (span !== null && isMarked(state, span, message)) return; // its message may be shown
    const found: Diagnostic[] = span === null ? [] : [{ ...span, severity: "error", message }];
    this.view.dispatch(setDiagnostics(state, found));
  }

  /** Select a line, counted from 1. */
  goTo(line: number): void {
    const { doc } = this.view.state;
    const { from, to } = doc.line(Math.min(Math.max(line, 1), doc.lines));
    this.view.dispatch({ selection: { anchor: from, head: to }, scrollIntoView: true });
    this.view.focus();
  }

  destroy(): void {
    this.view.destroy();
  }

  private stateOf(doc: string): EditorState {
    return EditorState.create({ doc, extensions: [this.keys(), this.language(), look] });
  }

  private keys(): Extension {
    const run = () => {
      this.handlers.onRun();
      return true;
    };
    return [
      Prec.highest(
        keymap.of([
          { key: "Mod-Enter", run },
          { key: "Tab", run: completeFirst },
        ]),
      ),
      keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap, ...lintKeymap]),
      keymap.of([indentWithTab]),
      EditorView.domEventHandlers({ beforeinput: replaceSelection }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged && !this.setting) this.handlers.onChange(this.text);
      }),
    ];
  }

  private language(): Extension {
    return [
      pythonSupport(),
      pythonLanguage.data.of({ autocomplete: catalogueCompletions(() => this.catalogue) }),
      // Nothing is selected at first, so that Enter after a whole word begins a new line, and Tab
      // takes the first completion at once, however briefly the list has been open.
      autocompletion({ selectOnOpen: false, interactionDelay: 0 }),
      indentUnit.of("    "),
      EditorState.tabSize.of(4),
      EditorState.allowMultipleSelections.of(true),
      EditorView.contentAttributes.of({ "aria-label": LABEL, spellcheck: "false" }),
      history(),
      search({ top: true }),
      lineNumbers(),
      lintGutter(),
      drawSelection(),
      indentOnInput(),
      bracketMatching(),
      highlightActiveLine(),
      highlightActiveLineGutter(),
      highlightSelectionMatches(),
    ];
  }
}

/** Look for a message at a part of the text. */
function isMarked(
  state: EditorState,
  { from, to }: Pick<Diagnostic, "from" | "to">,
  message: string,
): boolean {
  let found = false;
  forEachDiagnostic(state, (each, begin, end) => {
    found ||= begin === from && end === to && each.message === message;
  });
  return found;
}

/** Take the completion that is selected, or the first one. */
function completeFirst(view: EditorView): boolean {
  if (acceptCompletion(view)) return true;
  return moveCompletionSelection(true)(view) && acceptCompletion(view);
}

/**
 * Replace a selection by typed text without the browser's own editing, which keeps the style of the
 * old text in an attribute that the content security policy refuses.
 */
function replaceSelection(event: InputEvent, view: EditorView): boolean {
  const { data, inputType } = event;
  if (inputType !== "insertText" || data === null || view.state.selection.main.empty) return false;
  view.dispatch(view.state.replaceSelection(data), { userEvent: "input.type" });
  event.preventDefault();
  return true;
}
