/* bilevel.c -- the derivative programs of a bilevel problem.
 *
 *   (p, s)_{t+1} = U(g_t, p_t, s_t, m, t),  g_t = grad_p L(p_t, m, x_t);  outer value F(p_T, m) + sum_t path(p_{t+1}, m, t)
 *
 * The value is one graph with one Loop over the steps, in which g_t is a grad region. The hypergradient is that graph differentiated:
 *   reverse   grads expanded, then vjp: reverse over reverse
 *   mixed     vjp with the grads as regions: the transpose of d(grad_p L) is a tangent of (grad_p L, grad_m L), see grads.c
 *   forward   one fused tangent loop that carries the tangents of all directions of the meta variables together: memory does not depend on T
 * Modes differ in nothing but the order of the same two rules.
 *
 * With `truncate K`, K < T, a window is K steps from a state that is given (carried from the window before, a constant), at a step that is given; at step 0 it begins
 * at the initial values. The outer variables move after each window: truncated backpropagation through time as meta-learners use it. */
#include "rules.h"

const char *const mode_name[] = { "auto", "mixed", "reverse", "forward" };

/* A window's state at its beginning, and the step that it begins at. */
typedef struct Window { Node **par, **opt, *step; } Window;
/* Data and meta parameters of a new graph, then, of a window's, its state and step. */
typedef struct Inputs { Graph *g; int nd, nm, n; Node **all; const Window *window; } Inputs;

int64_t problem_window(const Problem *p) { return p->truncate && p->truncate < p->steps ? p->truncate : 0; }

static Node *leaf_param(Graph *g, const Leaf *l, const char *prefix)
{
    Node *p = ir_param(g, l->type, intern_printf("%s%s", prefix, l->name));
    memcpy(p->axis_name, l->axis_name, sizeof p->axis_name);
    return p;
}

static Inputs make_inputs(Problem *p, const char *name, bool window)
{
    Inputs in = { graph_new(p->arena, intern(name)), p->data.n, p->meta.n, 0, NULL, NULL };
    int np = p->param.n, ns = p->state.n;
    in.all = NEW_N(p->arena, Node *, in.nd + in.nm + np + ns + 2);
    for (int k = 0; k < in.nd + in.nm; k++)
        in.all[k] = k < in.nd ? leaf_param(in.g, &p->data.at[k], "") : leaf_param(in.g, &p->meta.at[k - in.nd], "");
    in.n = in.nd + in.nm;
    if (window) {
        Window *w = NEW(p->arena, Window);
        *w = (Window){ in.all + in.n, in.all + in.n + np, NULL };
        for (int k = 0; k < np; k++)
            in.all[in.n++] = leaf_param(in.g, &p->param.at[k], "carried_");
        for (int k = 0; k < ns; k++)
            in.all[in.n++] = leaf_param(in.g, &p->state.at[k], "carried_");
        in.all[in.n++] = w->step = ir_param(in.g, type_of(T_INT, 0, NULL), intern("first_step"));
        in.window = w;
    }
    return in;
}

/* Inlines a graph of the problem: its parameters are head[0..nh), then the lists. */
typedef struct Arg { Node **at; int n; } Arg;
static Node **inline_all(Graph *g, const Graph *src, const Arg *args, int nargs)
{
    Vec(Node *) a = { 0 };
    for (int k = 0; k < nargs; k++)
        for (int i = 0; i < args[k].n; i++)
            vec_push(g->arena, a, args[k].at[i]);
    if (a.n != src->params.n)
        ice("bilevel: %s takes %d values, %d given", src->name ? src->name : "a graph", src->params.n, a.n);
    Node **out = NEW_N(g->arena, Node *, src->results.n + 1);
    graph_inline(g, src, a.at, src->results.at, src->results.n, out, NULL);
    return out;
}

/* The gradient of the inner loss in all parameters: one region for those that are expanded before they are differentiated, one for the others. */
static Node **gradients(Problem *p, Graph *g, Node **dm, int ndm, Node **par, Node *step, uint64_t reversed)
{
    int np = p->param.n;
    Node **args = NEW_N(g->arena, Node *, ndm + np + 1), **out = NEW_N(g->arena, Node *, np + 1);
    memcpy(args, dm, sizeof *args * (size_t)ndm);
    memcpy(args + ndm, par, sizeof *args * (size_t)np);
    args[ndm + np] = step;
    for (int reverse = 0; reverse < 2; reverse++) {
        Region *r = NEW(g->arena, Region);
        *r = (Region){ .body = p->inner, .name = intern("inner"), .wrt = NEW_N(g->arena, int, np + 1), .reverse = reverse };
        for (int k = 0; k < np; k++)
            if ((int)(reversed >> gradient_line(p, k) & 1) == reverse)
                r->wrt[r->nwrt++] = ndm + k;
        if (!r->nwrt)
            continue;
        Node *d = ir_grad(g, OP_grad, r, args, ndm + np + 1);
        for (int k = 0; k < r->nwrt; k++)
            out[r->wrt[k] - ndm] = ir_proj(g, d, k);
    }
    return out;
}

/* log: with the values of the update's and the path loss's log lines at the last step, where they are wanted; else NULL. */
typedef struct State { Node **par, **opt, *path, **log; uint64_t reversed; } State;      /* reversed: lines whose gradient is expanded first */

static int log_count(const Problem *p) { return p->update->results.n - p->param.n - p->state.n + (p->path ? p->path->results.n - 1 : 0); }
static const Node *log_node(const Problem *p, int k, Name *name)
{
    int at = p->param.n + p->state.n + k;
    const Graph *g = at < p->update->results.n ? p->update : p->path;
    at -= g == p->path ? p->update->results.n - 1 : 0;
    if (name)
        *name = g->result_names.at[at];
    return g->results.at[at];
}

static Node *carry_leaf(LoopBuilder *b, Node *init, const Leaf *l)
{
    Node *p = loop_carry(b, init, l->name);
    memcpy(p->axis_name, l->axis_name, sizeof p->axis_name);
    return p;
}

/* n steps from `first`, or from `from` where that is given (then `first` counts from the start of the window). Steps from `end` on, if there is an end, leave everything as it is. */
typedef struct Steps { int64_t first, n, end; Node *from; const char *name; } Steps;

/* A value where the step counts, else what was there before. */
static Node *where_live(Node *live, Node *next, Node *before)
{
    return live ? ir_map3(live->graph, OP_select, live, next, before) : next;
}

/* Ends the loop; what its n carried values are at the end replaces them in `round`. */
static void take_round(Graph *g, LoopBuilder *b, Node **round, int n)
{
    int *out = NEW_N(g->arena, int, n + 1);
    for (int k = 0; k < n; k++)
        out[k] = loop_final(b, round[k]);
    Node *loop = loop_end(b);
    for (int k = 0; k < n; k++)
        round[k] = ir_proj(g, loop, out[k]);
}

/* The steps as one loop; the state is replaced. */
static void run_steps(Problem *p, Graph *g, Node **dm, int ndm, State *s, Steps of)
{
    if (of.n <= 0)
        return;
    int np = p->param.n, ns = p->state.n;
    LoopBuilder *b = loop_begin(g, of.n, intern(of.name));
    Graph *body = b->loop->body;
    b->loop->is_steps = true;
    b->loop->first = of.first;
    int nlog = s->log ? log_count(p) : 0, nround = np + ns + (p->path != NULL) + nlog;
    Node **in = NEW_N(g->arena, Node *, ndm + 1), **par = NEW_N(g->arena, Node *, nround + 1), **opt = par + np, **path = opt + ns, **log = path + (p->path != NULL);
    for (int k = 0; k < np; k++)
        par[k] = carry_leaf(b, s->par[k], &p->param.at[k]);
    for (int k = 0; k < ns; k++)
        opt[k] = carry_leaf(b, s->opt[k], &p->state.at[k]);
    if (p->path)
        *path = loop_carry(b, s->path, intern("path"));
    for (int k = 0; k < nlog; k++) {
        Name name;
        log_node(p, k, &name);
        log[k] = loop_carry(b, s->log[k], name);
    }
    for (int k = 0; k < ndm; k++)
        in[k] = loop_capture(b, dm[k]);
    Node *first = of.from ? loop_capture(b, of.from) : of.first ? ir_int(body, of.first) : NULL, *step = first ? ir_map2(body, OP_add, b->index, first) : b->index, *live = NULL;
    if (of.end) {
        live = ir_map2(body, OP_lt, step, ir_int(body, of.end));
        step = ir_map2(body, OP_min, step, ir_int(body, of.end - 1));
    }
    Node **g_t = gradients(p, body, in, ndm, par, step, s->reversed);
    Arg args[] = { { in, ndm }, { par, np }, { g_t, np }, { opt, ns }, { &step, 1 } };
    Node **next = inline_all(body, p->update, args, 5);
    for (int k = 0; k < np; k++)
        loop_next(b, par[k], where_live(live, next[k], par[k]));
    for (int k = 0; k < ns; k++)
        loop_next(b, opt[k], where_live(live, next[np + k], opt[k]));
    int updated = p->update->results.n - np - ns;
    for (int k = 0; k < nlog && k < updated; k++)
        loop_next(b, log[k], next[np + ns + k]);
    if (p->path) {
        Arg at[] = { { in, ndm }, { next, np }, { &step, 1 } };
        Node **loss = inline_all(body, p->path, at, 3);
        loop_next(b, *path, where_live(live, ir_map2(body, OP_add, *path, loss[0]), *path));
        for (int k = updated; k < nlog; k++)
            loop_next(b, log[k], loss[k - updated + 1]);
    }
    take_round(g, b, par, nround);
    for (int k = 0; k < np; k++)
        s->par[k] = par[k];
    for (int k = 0; k < ns; k++)
        s->opt[k] = opt[k];
    if (p->path)
        s->path = *path;
    for (int k = 0; k < nlog; k++)
        s->log[k] = log[k];
}

/* The steps of a window; the last one may be shorter. */
static void run_window(Problem *p, Graph *g, Node **dm, int ndm, const Window *w, State *s, int64_t last)
{
    int64_t n = problem_window(p), end = p->steps % n ? p->steps : 0;
    Node *begin = ir_map2(g, OP_eq, w->step, ir_int(g, 0));
    for (int k = 0; k < p->param.n; k++)
        s->par[k] = where_live(begin, s->par[k], w->par[k]);
    for (int k = 0; k < p->state.n; k++)
        s->opt[k] = where_live(begin, s->opt[k], w->opt[k]);
    run_steps(p, g, dm, ndm, s, (Steps){ 0, n - last, end, w->step, "steps" });
    run_steps(p, g, dm, ndm, s, (Steps){ n - last, last, end, last ? ir_map2(g, OP_add, w->step, ir_int(g, n - last)) : NULL, "steps_last" });
}

/* The inner loop on its arguments, or a window of it: parameters after the last step and the sum of the path losses. The last `last` steps are a loop of their own. */
static State run_inner(Problem *p, Graph *g, Node **dm, int ndm, const Window *w, int64_t last, bool logs, uint64_t reversed)
{
    Arg a[] = { { dm, ndm }, { NULL, p->param.n } };
    a[1].at = inline_all(g, p->param_init, a, 1);
    State s = { a[1].at, inline_all(g, p->state_init, a, 2), ir_real(g, 0), NULL, reversed };
    if (logs) {
        s.log = NEW_N(g->arena, Node *, log_count(p) + 1);
        for (int k = 0; k < log_count(p); k++)
            s.log[k] = ir_const(g, log_node(p, k, NULL)->type, 0);
    }
    if (w) {
        run_window(p, g, dm, ndm, w, &s, last);
        ir_name_values(g);
        return s;
    }
    int64_t cut = problem_window(p) ? p->steps - p->truncate : 0;
    if (cut) {
        run_steps(p, g, dm, ndm, &s, (Steps){ 0, cut, 0, NULL, "steps_before" });
        for (int k = 0; k < p->param.n; k++)
            s.par[k] = ir_map1(g, OP_detach, s.par[k]);
        for (int k = 0; k < p->state.n; k++)
            s.opt[k] = ir_map1(g, OP_detach, s.opt[k]);
        /* "path losses of steps before T - K count in the value only, their direct meta terms too" */
        s.path = ir_map1(g, OP_detach, s.path);
    }
    run_steps(p, g, dm, ndm, &s, (Steps){ cut, p->steps - cut - last, 0, NULL, "steps" });
    run_steps(p, g, dm, ndm, &s, (Steps){ p->steps - last, last, 0, NULL, "steps_last" });
    ir_name_values(g);
    return s;
}

static Node *outer_value(Problem *p, Graph *g, Node **dm, int ndm, const State *s, Node ***logs)
{
    Node *value = s->path;
    *logs = NULL;
    if (p->outer) {
        Arg a[] = { { dm, ndm }, { s->par, p->param.n } };
        *logs = inline_all(g, p->outer, a, 2);
        value = ir_map2(g, OP_add, value, (*logs)[0]);
        ++*logs;
    }
    return value;
}

/* ---- entries ---- */
/* An entry turns on the mode, the ways of the gradients and the number of last steps; schedules come after that. */
typedef Graph *MakeFn(Problem *, const DiffOptions *, bool window);
typedef struct Derived {
    struct Derived *next;
    MakeFn *make;
    bool    window;
    Mode    mode;
    uint64_t apart;
    int64_t last;
    Graph  *graph;
} Derived;

static bool derives_same(const Derived *a, const Derived *b)
{
    return a->make == b->make && a->window == b->window && a->mode == b->mode && a->apart == b->apart && a->last == b->last;
}

/* An observer sees every pass, so for it all of them run. */
static Graph *make_entry(Arena *arena, Problem *p, MakeFn *make, const DiffOptions *o, bool window)
{
    Derived key = { p->derived, make, window, o->mode, o->apart, o->steps.last, NULL }, *d = p->observer ? NULL : p->derived;
    while (d && !derives_same(d, &key))
        d = d->next;
    if (!d) {
        d = p->derived = NEW(p->arena, Derived);
        *d = key;
        d->graph = run_passes_for_all(make(p, o, window), p->observer);
    }
    return run_passes_for(graph_clone_in(arena, d->graph, d->graph->name), o, p->observer);
}

Graph *bilevel_entry(Arena *arena, const Problem *p, const Graph *g)
{
    return run_passes_for(run_passes_for_all(graph_clone_in(arena, g, g->name), p->observer), NULL, p->observer);
}

static Graph *adapt_graph(Problem *p, const DiffOptions *o, bool window)
{
    (void)o;
    Inputs in = make_inputs(p, "adapt", window);
    State s = run_inner(p, in.g, in.all, in.n, NULL, 0, false, 0);
    for (int k = 0; k < p->param.n; k++)
        ir_result(in.g, s.par[k], p->param.at[k].name);
    return in.g;
}

Graph *bilevel_adapt(Arena *arena, Problem *p, const DiffOptions *o) { return make_entry(arena, p, adapt_graph, o, false); }

/* The logs of inner at the last step's parameters, those of the optimizers and of the path loss at the last step, then those of outer. */
static Graph *value_graph(Problem *p, const DiffOptions *o, bool window)
{
    (void)o;
    Inputs in = make_inputs(p, "value", window);
    int ndm = in.n;
    State s = run_inner(p, in.g, in.all, ndm, NULL, 0, true, 0);
    Node **logs, *value = outer_value(p, in.g, in.all, ndm, &s, &logs);
    ir_result(in.g, value, intern("outer"));
    if (p->inner->results.n > 1 && p->steps > 0) {
        Node *last = ir_int(in.g, p->steps - 1);
        Arg a[] = { { in.all, ndm }, { s.par, p->param.n }, { &last, 1 } };
        Node **inner = inline_all(in.g, p->inner, a, 3);
        for (int k = 1; k < p->inner->results.n; k++)
            ir_result(in.g, inner[k], k < p->inner->result_names.n ? p->inner->result_names.at[k] : NULL);
    }
    for (int k = 0; p->steps > 0 && k < log_count(p); k++) {
        Name name;
        log_node(p, k, &name);
        ir_result(in.g, s.log[k], name);
    }
    for (int k = 1; p->outer && k < p->outer->results.n; k++)
        ir_result(in.g, logs[k - 1], k < p->outer->result_names.n ? p->outer->result_names.at[k] : NULL);
    return in.g;
}

Graph *bilevel_value(Arena *arena, Problem *p, const DiffOptions *o) { return make_entry(arena, p, value_graph, o, false); }

/* The state after a window, behind the outer value. */
static void result_state(Problem *p, Graph *g, const State *s)
{
    for (int k = 0; k < p->param.n; k++)
        ir_result(g, s->par[k], p->param.at[k].name);
    for (int k = 0; k < p->state.n; k++)
        ir_result(g, s->opt[k], p->state.at[k].name);
}

static Graph *by_reverse(Problem *p, const DiffOptions *o, bool window)
{
    Inputs in = make_inputs(p, "hypergradient", window);
    Graph *g = in.g;
    int ndm = in.nd + in.nm;
    uint64_t reversed = 0;
    for (int k = 0; k < gradient_lines(p); k++)
        reversed |= (uint64_t)!gradient_is_mixed(o, k) << k;
    State s = run_inner(p, g, in.all, ndm, in.window, schedule_kept(&o->steps, problem_window(p) ? p->truncate : p->steps), false, reversed);
    Node **logs, *value = outer_value(p, g, in.all, ndm, &s, &logs);
    ir_result(g, value, intern("outer"));
    if (window)
        result_state(p, g, &s);
    expand_grads(g, true);
    value = g->results.at[0];
    Node **meta = g->params.at + in.nd, **ct = NEW_N(g->arena, Node *, in.nm + 1);
    vjp(g, meta, in.nm, &value, (Node *[]){ ir_real(g, 1) }, 1, ct);
    for (int k = 0; k < in.nm; k++)
        ir_result(g, or_zero(g, ct[k], &p->meta.at[k].type), p->meta.at[k].name);
    return g;
}

enum { DIRECTIONS = 64 };                          /* tangents that are carried together */

/* (inputs, one tangent for each meta leaf) -> outer value, the state after a window, the outer value's tangent */
static Graph *tangent_graph(Problem *p, bool window)
{
    Inputs in = make_inputs(p, "tangent", window);
    Graph *g = in.g;
    int ndm = in.nd + in.nm;
    Node **t = NEW_N(g->arena, Node *, in.nm + 1), **logs, *tangent;
    State s = run_inner(p, g, in.all, ndm, in.window, 0, false, 0);
    ir_result(g, outer_value(p, g, in.all, ndm, &s, &logs), intern("outer"));
    if (window)
        result_state(p, g, &s);
    expand_grads(g, false);
    for (int k = 0; k < in.nm; k++)
        t[k] = ir_param(g, p->meta.at[k].type, intern_printf("d_%s", p->meta.at[k].name));
    linearize(g, g->params.at + in.nd, t, in.nm, g->results.at, 1, &tangent, false);
    ir_result(g, or_zero(g, tangent, &g->results.at[0]->type), NULL);
    return g;
}

/* Directions first .. first + n - 1 of the meta numbers, for one leaf whose own numbers begin at `at`: unit vectors, [n][shape of the leaf]. */
static Node *unit_directions(Graph *g, const Type *leaf, int64_t at, Node *first, int64_t n)
{
    int64_t dim[2] = { n, type_count(leaf) };
    Type flat = type_of(T_INT, 2, dim), whole = stacked_type(n, leaf);
    Node *direction = ir_map2(g, OP_add, ir_iota(g, flat, 0), first), *number = ir_map2(g, OP_add, ir_iota(g, flat, 1), ir_int(g, at));
    return ir_reshape(g, ir_cast_real(g, ir_map2(g, OP_eq, direction, number)), whole.rank, whole.dim);
}

/* The outer value's derivatives along n directions, in g, whose inputs are x, of which there are nx; values: the other results of the tangent graph. */
static Node *along_directions(Problem *p, Graph *g, const Graph *tangent, Node *const *x, int nx, Node *first, int64_t n, Node **values)
{
    int nm = p->meta.n, nout = tangent->results.n;
    Node **args = NEW_N(g->arena, Node *, nx + nm + 1), **out = NEW_N(g->arena, Node *, nout);
    bool *batched = NEW_N(g->arena, bool, nx + nm + 1), *is = NEW_N(g->arena, bool, nout);
    int64_t at = 0;
    memcpy(args, x, sizeof *args * (size_t)nx);
    for (int k = 0; k < nm; k++) {
        args[nx + k] = unit_directions(g, &p->meta.at[k].type, at, first, n);
        batched[nx + k] = true;
        at += type_count(&p->meta.at[k].type);
    }
    batch_inline(g, tangent, args, batched, tangent->results.at, nout, n, out, is);
    memcpy(values, out, sizeof *out * (size_t)(nout - 1));
    return is[nout - 1] ? out[nout - 1] : ir_const(g, type_of(T_REAL, 1, &n), 0);
}

/* Unit vectors in batches: one batch in the entry itself; more in a loop over them, each with its own pass over the inner loop. */
static Graph *by_forward(Problem *p, bool window)
{
    Inputs in = make_inputs(p, "hypergradient", window);
    Graph *g = in.g, *tangent = tangent_graph(p, window);
    int nvalues = tangent->results.n - 1;
    int64_t total = 0, at = 0;
    for (int k = 0; k < in.nm; k++)
        total += type_count(&p->meta.at[k].type);
    Node *all, **value = NEW_N(g->arena, Node *, nvalues);
    if (total <= DIRECTIONS)
        all = along_directions(p, g, tangent, in.all, in.n, ir_int(g, 0), total, value);
    else {
        int64_t batches = (total + DIRECTIONS - 1) / DIRECTIONS, padded = batches * DIRECTIONS;
        LoopBuilder *b = loop_begin(g, batches, intern("directions"));
        Node **x = NEW_N(g->arena, Node *, in.n + 1);
        for (int k = 0; k < in.n; k++)
            x[k] = loop_capture(b, in.all[k]);
        Node *first = ir_map2(b->loop->body, OP_mul, b->index, ir_int(b->loop->body, DIRECTIONS));
        int out = loop_collect(b, along_directions(p, b->loop->body, tangent, x, in.n, first, DIRECTIONS, value));
        all = ir_reshape(g, ir_proj(g, loop_end(b), out), 1, &padded);
        Node **args = NEW_N(g->arena, Node *, in.n + in.nm + 1);              /* the values once more: no result but the tangent depends on directions */
        memcpy(args, in.all, sizeof *args * (size_t)in.n);
        for (int k = 0; k < in.nm; k++)
            args[in.n + k] = ir_any_zero_like(g, in.all[in.nd + k]);
        graph_inline(g, tangent, args, tangent->results.at, nvalues, value, NULL);
    }
    for (int k = 0; k < nvalues; k++)
        ir_result(g, value[k], tangent->result_names.at[k]);
    for (int k = 0; k < in.nm; k++) {
        const Type *type = &p->meta.at[k].type;
        int64_t n = type_count(type);
        ir_result(g, ir_reshape(g, ir_slice(g, all, 0, at, n, 1), type->rank, type->dim), p->meta.at[k].name);
        at += n;
    }
    return g;
}

/* The derivative of the outer value along one direction of all meta variables: forward mode, for any number of them. */
Graph *bilevel_slope(Problem *p)
{
    Inputs in = make_inputs(p, "slope", false);
    Graph *g = in.g;
    State s = run_inner(p, g, in.all, in.n, NULL, 0, false, 0);
    Node **logs, **along = NEW_N(g->arena, Node *, in.nm + 1), *tangent;
    ir_result(g, outer_value(p, g, in.all, in.nd + in.nm, &s, &logs), NULL);
    expand_grads(g, false);
    Node *value = g->results.at[0], **meta = NEW_N(g->arena, Node *, in.nm + 1);
    g->results.n = g->result_names.n = 0;
    for (int k = 0; k < in.nm; k++) {
        meta[k] = g->params.at[in.nd + k];
        along[k] = ir_param(g, p->meta.at[k].type, intern_printf("along_%s", p->meta.at[k].name));
    }
    linearize(g, meta, along, in.nm, &value, 1, &tangent, false);
    ir_result(g, or_zero(g, tangent, &value->type), intern("outer"));
    return run_passes_for(run_passes_for_all(g, p->observer), NULL, p->observer);
}

static Graph *hypergradient_graph(Problem *p, const DiffOptions *o, bool window)
{
    Graph *g = o->mode == MODE_FORWARD ? by_forward(p, window) : by_reverse(p, o, window);
    if (window)
        g->name = intern("hypergradient_window");
    return g;
}

Graph *bilevel_hypergradient(Arena *arena, Problem *p, const DiffOptions *o) { return make_entry(arena, p, hypergradient_graph, o, false); }

Graph *bilevel_window(Arena *arena, Problem *p, const DiffOptions *o) { return make_entry(arena, p, hypergradient_graph, o, true); }
