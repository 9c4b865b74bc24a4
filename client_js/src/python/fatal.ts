import { brief } from "./distribution";
import type { Fault } from "./messages";

const DUMP = "(most recent call first)";
const FRAME = /File "<(?:indicator|console)>", line (\d+) in (.+)$/;
const DEPTH = /call stack|too much recursion|stack overflow/i;
const MEMORY = /out of memory|memory access|allocation/i;

/** The frames that Python writes as it ends, kept apart from the output of the user's code. */
export class Dump {
  private lines: string[] = [];
  private begun = false;

  /** Take a line of stderr if it belongs to a dump; return false if it does not. */
  take(line: string): boolean {
    this.begun ||= line.includes(DUMP);
    if (this.begun) this.lines.push(line);
    return this.begun;
  }

  /** The error that ended Python, at the user's innermost line. */
  fault(error: unknown): Fault {
    const frames = this.lines.map((line) => FRAME.exec(line)).filter((found) => found !== null);
    const [innermost] = frames;
    const reason = brief(error);
    return {
      ...sentence(error, reason),
      line: innermost === undefined ? null : Number(innermost[1]),
      span: null,
      trace: [],
      interrupted: true,
    };
  }
}

function sentence(error: unknown, reason: string): Pick<Fault, "type" | "message"> {
  const text = String(error);
  const message = (what: string) => `${what}; Python was restarted`;
  if (DEPTH.test(text)) {
    const why = "the function calls itself too deeply, or a value is nested too deeply";
    return { type: "RecursionError", message: message(`${why} (RecursionError: stack overflow)`) };
  }
  if (MEMORY.test(text))
    return { type: "MemoryError", message: message("there is not enough memory for this") };
  return { type: "Python", message: message(`the code ended Python (${reason})`) };
}
