import { type Port, serve } from "./serve";

// What a worker's global scope is; the page's types are in force here.
serve(globalThis as unknown as Port);
