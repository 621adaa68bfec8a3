#include "emit.h"
void emit_c99(const LProgram *p, Buf *c, Buf *h) { (void)p; buf_puts(c, ""); buf_puts(h, ""); }
