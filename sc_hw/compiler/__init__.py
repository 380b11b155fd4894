"""The compiler: a rule's step, traced into terms, becomes a pipelined datapath; see docs/compiler.md."""
