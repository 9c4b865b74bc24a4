const FLUSH_MS = 100;
const FLUSH_CHARACTERS = 4096;

/** Maximum output of one run: a printing loop would otherwise flood the page. */
const MAX_CHARACTERS = 50_000;

type Send = (text: string, isError: boolean) => void;

/** The output of a run, forwarded in pieces that the page can keep up with. */
export class Output {
  private text = "";
  private isError = false;
  private left = MAX_CHARACTERS;
  private flushed = 0;
  private muted = false;

  constructor(private readonly send: Send) {}

  /** Begin a run; the output of a muted one is discarded. */
  begin(muted: boolean): void {
    this.left = MAX_CHARACTERS;
    this.muted = muted;
    this.flushed = performance.now();
  }

  write(line: string, isError: boolean): void {
    if (this.muted || this.left <= 0) return;
    if (isError !== this.isError) this.flush();
    this.isError = isError;
    const taken = `${line}\n`.slice(0, this.left);
    this.left -= taken.length;
    this.text += this.left > 0 ? taken : `${taken}\n… (more was printed than is shown)\n`;
    const late = performance.now() - this.flushed > FLUSH_MS;
    if (late || this.text.length > FLUSH_CHARACTERS) this.flush();
  }

  flush(): void {
    this.flushed = performance.now();
    if (this.text === "") return;
    this.send(this.text, this.isError);
    this.text = "";
  }
}
