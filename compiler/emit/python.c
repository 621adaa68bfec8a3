/* python.c -- NAME.py: a module over NumPy arrays beside libNAME.so. Its docstring lists what the problem declares; all that follows is python_host.py, which is
 * the same for every problem and reads names, shapes and types from the descriptor in the shared object. */
#include "emit.h"
#include <string.h>

extern const char python_host_start[], python_host_end[];

/* A user's comment inside a docstring. */
static void quoted(Buf *b, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            buf_puts(b, "\\");
        buf_printf(b, "%c", *text);
    }
}

static void leaves(Buf *b, const char *title, const Leaf *leaf, int n)
{
    if (n)
        buf_printf(b, "\n%s:\n", title);
    for (int k = 0; k < n; k++) {
        const Type *t = &leaf[k].type;
        buf_printf(b, "    %s: %s [", leaf[k].name, t->dtype == T_REAL ? "real" : "int");
        for (int d = 0; d < t->rank; d++) {
            buf_puts(b, d ? ", " : "");
            if (leaf[k].axis_name[d])
                buf_printf(b, "%s=", leaf[k].axis_name[d]);
            buf_printf(b, "%lld", (long long)t->dim[d]);
        }
        buf_puts(b, "]");
        if (leaf[k].bound)
            buf_printf(b, " in 0..%lld", (long long)leaf[k].bound - 1);
        if (leaf[k].task)
            buf_puts(b, ", one for each task");
        if (leaf[k].comment) {
            buf_puts(b, "  ");
            quoted(b, leaf[k].comment);
        }
        buf_puts(b, "\n");
    }
}

void emit_python(const LProgram *p, Buf *b)
{
    const Problem *q = p->problem;
    buf_printf(b, "\"\"\"%s: values and hypergradients of %s.mfl, over NumPy arrays; real = %s. Written by mflc 0.1.\n\n"
               "hypergradient(name=array, ...) returns the outer value and a dict of gradients; see also init, adapt, value, logs,\n"
               "hypergradient_tasks, window_init, hypergradient_window, learn_init and learn. Records are nested dicts, or dotted names in a dict that is unpacked: f(**{\"l1.w\": a}).\n",
               q->name, q->name, p->real_bytes == 4 ? "float (float32)" : "double (float64)");
    leaves(b, "Data", q->data.at, q->data.n);
    leaves(b, "Meta variables (initial values where they are left out)", q->meta.at, q->meta.n);
    leaves(b, "Parameters, which adapt returns", q->param.at, q->param.n);
    buf_printf(b, "\"\"\"\n_name = \"%s\"\n\n", q->name);
    buf_printf(b, "%.*s", (int)(python_host_end - python_host_start), python_host_start);
}
