/* entries.c -- the entries of a program: what the parameters and results of each graph are. */
#include "lower.h"

typedef struct Ports { EntryGraph e; int in, out; } Ports;

static void params_are(Ports *p, ParamBind bind, int n)
{
    for (int k = 0; k < n; k++, p->in++) {
        p->e.param[p->in].bind = bind;
        p->e.param[p->in].leaf = k;
    }
}

static void results_are(Ports *p, ResultBind bind, int n)
{
    for (int k = 0; k < n; k++, p->out++) {
        p->e.result[p->out].bind = bind;
        p->e.result[p->out].leaf = k;
    }
}

EntryGraph entry_graph(Arena *arena, const Problem *p, LEntryKind kind, Graph *g)
{
    Ports x = { .e = { .kind = kind, .graph = g } };
    x.e.param = arena_alloc(arena, sizeof *x.e.param * (size_t)(g->params.n + 1));
    x.e.result = arena_alloc(arena, sizeof *x.e.result * (size_t)(g->results.n + 1));
    switch (kind) {
    case LE_INIT:
        params_are(&x, BIND_SEED, 1);
        results_are(&x, OUT_META, p->meta.n);
        break;
    case LE_LEARN_INIT:
        params_are(&x, BIND_META, p->meta.n);
        results_are(&x, OUT_STATE, p->learn_state.n);
        break;
    case LE_LEARN:
        params_are(&x, BIND_META, p->meta.n);
        params_are(&x, BIND_GRAD_IN, p->meta.n);
        params_are(&x, BIND_STATE, p->learn_state.n);
        params_are(&x, BIND_STEP, 1);
        results_are(&x, OUT_META, p->meta.n);
        results_are(&x, OUT_STATE, p->learn_state.n);
        break;
    case LE_WINDOW:
        params_are(&x, BIND_DATA, p->data.n);
        params_are(&x, BIND_META, p->meta.n);
        params_are(&x, BIND_CARRIED, p->param.n + p->state.n);
        params_are(&x, BIND_STEP, 1);
        results_are(&x, OUT_OUTER, 1);
        results_are(&x, OUT_CARRIED, p->param.n + p->state.n);
        results_are(&x, OUT_GRAD, p->meta.n);
        break;
    default:
        params_are(&x, BIND_DATA, p->data.n);
        params_are(&x, BIND_META, p->meta.n);
        results_are(&x, kind == LE_ADAPT ? OUT_PARAMS : OUT_OUTER, kind == LE_ADAPT ? p->param.n : 1);
        if (kind == LE_HYPERGRADIENT)
            results_are(&x, OUT_GRAD, p->meta.n);
        else if (kind == LE_VALUE)
            results_are(&x, OUT_LOG, g->results.n - 1);
    }
    return x.e;
}
