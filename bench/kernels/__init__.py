"""Cost of each kernel: native, in WebAssembly, and as plain Python."""
