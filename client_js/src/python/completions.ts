import type { Completion, CompletionContext, CompletionSource } from "@codemirror/autocomplete";
import type { Catalogue } from "./messages";

const PACKAGE = "tickfire_browser";

/** Completions of the names in a catalogue: kernels, and the attributes after `bars.` */
export function catalogueCompletions(catalogue: () => Catalogue): CompletionSource {
  return (context: CompletionContext) => {
    const { kernels, bars } = catalogue();
    const member = context.matchBefore(/\bbars\.\w*/);
    if (member !== null)
      return {
        from: member.from + "bars.".length,
        options: bars.map(attribute),
        validFor: /^\w*$/,
      };
    const other = context.matchBefore(/\.\w*/);
    const word = context.matchBefore(/\w+/);
    if (other !== null || (word === null && !context.explicit)) return null;
    const from = word?.from ?? context.pos;
    const names = [
      { label: "bars", type: "variable" },
      { label: PACKAGE, type: "namespace" },
    ];
    return { from, options: [...kernels.map(kernel), ...names], validFor: /^\w*$/ };
  };
}

function kernel([label, info]: [string, string]): Completion {
  return { label, type: "function", info, boost: 1 };
}

function attribute(label: string): Completion {
  return { label, type: "property" };
}
