/* From the reset: a stack, and main. The memory's contents are there, zeros where nothing else is. */
  .section .start, "ax"
  .global _start
_start:
  la sp, _stack
  call main
  li t0, 0x30000004
  sw zero, 0(t0)
1:
  j 1b
