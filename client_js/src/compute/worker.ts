import { type Port, serve } from "./serve";

// Types the worker's global scope: this project compiles with the page's types.
serve(globalThis as unknown as Port);
