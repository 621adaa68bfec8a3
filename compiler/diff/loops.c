/* loops.c -- linearize and transpose for Loop nodes; loops are never unrolled to differentiate them.
 *
 *   c_{i+1}, y_i = B(c_i, k, i)                          the primal loop
 * fused:  one loop carries (c, dc): B beside its tangent  (forward mode: no residuals)
 * split:  the primal loop also collects its carried values c_i; a linear loop carries dc alone and finds c_i in them:
 *   dc_{i+1}, dy_i = dB(c_i, k, i)[dc_i, dk]              it computes what it needs of B again from c_i
 * transpose of the linear loop: the same iterations in the opposite order,
 *   ct_c_i, + ct_k = dB(c_i, k, i)'[ct_c_{i+1}, ct_y_i]
 * What of B is stored instead of computed again is a schedule: residuals.c moves it, after differentiation. */
#include "rules.h"

void loop_activity(const Loop *loop, const bool *active_arg, bool *active_param, bool *active_out)
{
    const Graph *b = loop->body;
    int limit = graph_limit(b), arg = 0;
    for (int p = 0; p < loop->params.n; p++)
        active_param[p] = loop->params.at[p].kind == LP_INDEX ? false : active_arg[arg++];
    bool *on = NEW_N(b->arena, bool, limit + 1), again = true;
    while (again) {
        again = false;
        memset(on, 0, (size_t)limit);
        for (int p = 0; p < loop->params.n; p++)
            on[b->params.at[p]->id] = active_param[p];
        for (int i = 0; i < b->nodes.n; i++) {
            Node *n = b->nodes.at[i];
            if (op_info[n->op].kind == K_MAP && (op_info[n->op].flags & OPF_ZERO_DERIV))
                continue;
            if (n->type.dtype != T_REAL && n->type.dtype != T_NONE)
                continue;
            for (int a = 0; a < n->narg; a++)
                on[n->id] |= on[n->arg[a]->id];
        }
        for (int p = 0; p < loop->params.n; p++)
            if (loop->params.at[p].kind == LP_CARRY && !active_param[p] && on[b->results.at[loop->params.at[p].result]->id])
                active_param[p] = again = true;
    }
    for (int k = 0; k < loop->outs.n; k++) {
        LoopOut o = loop->outs.at[k];
        active_out[k] = o.kind == LO_CARRY ? active_param[o.param] : on[b->results.at[o.result]->id];
    }
}

/* A loop under construction whose parameters are described one by one. */
typedef struct Making { Graph *outer, *body; Loop *loop; Vec(Node *) args; } Making;

static Making make_loop(Graph *outer, const Loop *like, Name suffix)
{
    Making m = { .outer = outer };
    m.loop = NEW(outer->arena, Loop);
    m.loop->n = like->n;
    m.loop->down = like->down;
    m.loop->is_steps = like->is_steps;
    m.loop->first = like->first;
    m.loop->name = suffix ? intern_printf("%s.%s", like->name ? like->name : "loop", suffix) : like->name;
    m.body = m.loop->body = graph_new(outer->arena, m.loop->name);
    return m;
}

static Node *make_param(Making *m, LoopParamKind kind, const Node *of, Type type, Name name, Node *arg)
{
    Node *p = ir_param(m->body, type, name);
    for (int d = 0; of && d < of->type.rank && type.rank >= of->type.rank; d++)
        p->axis_name[d + type.rank - of->type.rank] = of->axis_name[d];
    vec_push(m->outer->arena, m->loop->params, (LoopParam){ kind, -1 });
    if (kind != LP_INDEX)
        vec_push(m->outer->arena, m->args, arg);
    return p;
}

static int make_result(Making *m, Node *value)
{
    ir_result(m->body, value, NULL);
    return m->body->results.n - 1;
}

static int make_out(Making *m, LoopOutKind kind, int param, int result)
{
    vec_push(m->outer->arena, m->loop->outs, (LoopOut){ kind, param, result });
    return m->loop->outs.n - 1;
}

static Node *finish_loop(Making *m)
{
    return ir_loop(m->outer, m->loop, m->args.at, m->args.n);
}

static void activity_of_args(const Node *loop, Node *const *tin, bool *active_arg)
{
    for (int a = 0; a < loop->narg; a++)
        active_arg[a] = tin[a] != NULL;
}

/* The tangents that the loop under m carries and collects, beside whatever it has already, and the loop itself. on, on_out: which parameters and outputs
 * of old have a tangent, of its first no outputs: saved values may have been added to it since; dplace[p]: the parameter of the new loop that is parameter p's; dres[k]: the tangent of body result k; out[k]: of output k. */
static void finish_tangents(Making *m, const Loop *old, int no, const bool *on, const bool *on_out, const int *dplace, Node *const *dres, Node **out)
{
    for (int p = 0; p < old->params.n; p++)
        if (on[p] && old->params.at[p].kind == LP_CARRY) {
            Node *next = or_zero(m->body, dres[old->params.at[p].result], &old->body->params.at[p]->type);
            m->loop->params.at[dplace[p]].result = make_result(m, next);
        }
    int *dout = NEW_N(m->outer->arena, int, no + 1);
    for (int k = 0; k < no; k++) {
        LoopOut o = old->outs.at[k];
        if (!on_out[k] || (o.kind == LO_COLLECT && !dres[o.result]))
            dout[k] = -1;
        else if (o.kind == LO_CARRY)
            dout[k] = make_out(m, LO_CARRY, dplace[o.param], m->loop->params.at[dplace[o.param]].result);
        else
            dout[k] = make_out(m, LO_COLLECT, -1, make_result(m, dres[o.result]));
    }
    Node *loop = finish_loop(m);
    for (int k = 0; k < no; k++)
        out[k] = dout[k] < 0 ? NULL : ir_proj(m->outer, loop, dout[k]);
}

void linearize_loop_fused(Graph *g, Node *node, Node *const *tin, Node **out)
{
    const Loop *old = node->u.loop;
    int np = old->params.n, no = old->outs.n;
    bool *on_arg = NEW_N(g->arena, bool, node->narg + 1), *on = NEW_N(g->arena, bool, np + 1), *on_out = NEW_N(g->arena, bool, no + 1);
    activity_of_args(node, tin, on_arg);
    loop_activity(old, on_arg, on, on_out);

    Making m = make_loop(g, old, NULL);
    Node **primal = NEW_N(g->arena, Node *, np + 1), **in = NEW_N(g->arena, Node *, np + 1), **dparam = NEW_N(g->arena, Node *, np + 1);
    int *dplace = NEW_N(g->arena, int, np + 1), nin = 0, arg = 0;
    for (int p = 0; p < np; p++) {
        Node *of = old->body->params.at[p];
        primal[p] = make_param(&m, old->params.at[p].kind, of, of->type, of->origin.name, old->params.at[p].kind == LP_INDEX ? NULL : node->arg[arg++]);
    }
    for (int p = 0; p < np; p++)
        if (on[p]) {
            Node *of = old->body->params.at[p];
            int a = 0;
            for (int q = 0; q < p; q++)
                a += old->params.at[q].kind != LP_INDEX;
            dplace[p] = m.loop->params.n;
            dparam[nin] = make_param(&m, old->params.at[p].kind, of, of->type, NULL, or_zero(g, tin[a], &of->type));
            dparam[nin]->origin = derived_origin(of, TANGENT);
            in[nin++] = primal[p];
        }
    int nr = old->body->results.n;
    Node **res = NEW_N(g->arena, Node *, nr + 1), **dres = NEW_N(g->arena, Node *, nr + 1);
    graph_inline(m.body, old->body, primal, old->body->results.at, nr, res, NULL);
    linearize(m.body, in, dparam, nin, res, nr, dres, false);

    for (int k = 0; k < nr; k++)
        make_result(&m, res[k]);
    for (int p = 0; p < np; p++)
        m.loop->params.at[p].result = old->params.at[p].result;
    for (int k = 0; k < no; k++)
        make_out(&m, old->outs.at[k].kind, old->outs.at[k].param, old->outs.at[k].result);
    finish_tangents(&m, old, no, on, on_out, dplace, dres, out);
}

/* Output of the primal loop that stacks its carried parameter p at the start of each iteration; added when it is not there. */
static int saved_carry(Graph *g, Loop *loop, int p)
{
    Node *param = loop->body->params.at[p];
    for (int k = 0; k < loop->outs.n; k++)
        if (loop->outs.at[k].kind == LO_COLLECT && loop->body->results.at[loop->outs.at[k].result] == param)
            return k;
    ir_result(loop->body, param, NULL);
    vec_push(g->arena, loop->outs, (LoopOut){ LO_COLLECT, -1, loop->body->results.n - 1 });
    return loop->outs.n - 1;
}

/* Parameters of the linear loop for the primal ones of `old`: captures as they are, c_i out of the primal loop's collected carried values. */
static void primal_values(Making *m, Node *node, Node **args)
{
    Loop *old = node->u.loop;
    Node *index = NULL;
    for (int p = 0; p < old->params.n; p++) {
        Node *of = old->body->params.at[p];
        if (old->params.at[p].kind == LP_INDEX)
            args[p] = index = make_param(m, LP_INDEX, of, of->type, of->origin.name, NULL);
    }
    for (int p = 0, arg = 0; p < old->params.n; p++) {
        Node *of = old->body->params.at[p];
        if (old->params.at[p].kind == LP_INDEX)
            continue;
        Node *a = node->arg[arg++];
        if (old->params.at[p].kind == LP_CAPTURE)
            args[p] = make_param(m, LP_CAPTURE, of, of->type, of->origin.name, a);
        else {
            Node *all = ir_proj(m->outer, node, saved_carry(m->outer, old, p));
            Name name = of->origin.name ? intern_printf("%s_at", of->origin.name) : NULL;
            args[p] = slice_at(m->body, make_param(m, LP_CAPTURE, of, stacked_type(old->n, &of->type), name, all), index);
        }
    }
}

void linearize_loop_split(Graph *g, Node *node, Node *const *tin, Node **out)
{
    Loop *old = node->u.loop;
    int np = old->params.n, no = old->outs.n;
    bool *on_arg = NEW_N(g->arena, bool, node->narg + 1), *on = NEW_N(g->arena, bool, np + 1), *on_out = NEW_N(g->arena, bool, no + 1);
    activity_of_args(node, tin, on_arg);
    loop_activity(old, on_arg, on, on_out);

    /* The tangent of B is taken in a graph of its own, where c_i is a parameter: a slice would be folded into its users and not be seen. */
    Making m = make_loop(g, old, "tangent");
    Graph *b = graph_new(g->arena, old->body->name);
    int nr = old->body->results.n, nin = 0;
    Node **primal = NEW_N(g->arena, Node *, np + 1), **in = NEW_N(g->arena, Node *, np + 1), **tan = NEW_N(g->arena, Node *, np + 1), **args = NEW_N(g->arena, Node *, 2 * np + 1);
    Node **res = NEW_N(g->arena, Node *, nr + 1), **dres = NEW_N(g->arena, Node *, nr + 1);
    int *dplace = NEW_N(g->arena, int, np + 1);
    for (int p = 0; p < np; p++)
        primal[p] = ir_param_like(b, old->body->params.at[p]);
    primal_values(&m, node, args);
    for (int p = 0, arg = 0; p < np; p++) {
        if (old->params.at[p].kind == LP_INDEX)
            continue;
        Node *of = old->body->params.at[p], *t = tin[arg++];
        if (!on[p])
            continue;
        dplace[p] = m.loop->params.n;
        args[np + nin] = make_param(&m, old->params.at[p].kind, of, of->type, NULL, or_zero(g, t, &of->type));
        args[np + nin]->origin = derived_origin(of, TANGENT);
        tan[nin] = ir_param_like(b, of);
        tan[nin]->origin = derived_origin(of, TANGENT);
        in[nin++] = primal[p];
    }
    /* Saving a carried value may have added results to the old body: only the first nr are meant. */
    graph_inline(b, old->body, primal, old->body->results.at, nr, res, NULL);
    linearize(b, in, tan, nin, res, nr, dres, true);
    Node **map = NEW_N(g->arena, Node *, graph_limit(b) + 1);
    for (int k = 0; k < nr; k++)
        if (dres[k])
            graph_inline(m.body, b, args, &dres[k], 1, &dres[k], map);

    finish_tangents(&m, old, no, on, on_out, dplace, dres, out);
}

/* The terms of a sum, in their order. */
typedef Vec(Node *) Terms;
static void terms_of(Arena *arena, Node *n, Terms *t)
{
    enum { MOST = 1000 };                          /* a sum doubled again and again has any number of them */
    if (n->op != OP_add || t->n >= MOST) {
        vec_push(arena, *t, n);
        return;
    }
    terms_of(arena, n->arg[0], t);
    terms_of(arena, n->arg[1], t);
}

/* A sum that has the carried value as a term starts from it: then the others are added to it where it lies. */
static Node *onto(Graph *g, Node *carried, Node *next)
{
    Node *sum = carried;
    Terms t = { 0 };
    int found = 0;
    terms_of(g->arena, next, &t);
    for (int k = 0; k < t.n; k++)
        found += t.at[k] == carried;
    for (int k = 0; found == 1 && k < t.n; k++)
        if (t.at[k] != carried)
            sum = ir_map2(g, OP_add, sum, t.at[k]);
    return found == 1 ? sum : next;
}

/* The cotangent of each output that the body's results carry, summed by result. */
void transpose_loop(Graph *g, Node *node, const bool *is_linear, Node *const *ct, Node **ctin)
{
    const Loop *old = node->u.loop;
    int np = old->params.n, nr = old->body->results.n;
    Making m = make_loop(g, old, "adjoint");
    m.loop->down = !old->down;
    Node **args = NEW_N(g->arena, Node *, np + 1), **lin = NEW_N(g->arena, Node *, np + 1), **carry = NEW_N(g->arena, Node *, np + 1);
    int *place = NEW_N(g->arena, int, np + 1);
    bool *linear = NEW_N(g->arena, bool, np + 1);
    Node *index = NULL;
    for (int p = 0, a = 0; p < np; p++) {
        Node *of = old->body->params.at[p];
        if (old->params.at[p].kind == LP_INDEX) {
            index = args[p] = make_param(&m, LP_INDEX, of, of->type, of->origin.name, NULL);
            continue;
        }
        int arg = a++;
        /* A carried value of a linear loop is linear, whatever its initial value is. */
        linear[p] = old->params.at[p].kind == LP_CARRY || is_linear[arg];
        if (!linear[p]) {
            args[p] = make_param(&m, LP_CAPTURE, of, of->type, of->origin.name, node->arg[arg]);
            continue;
        }
        Node *init = old->params.at[p].kind == LP_CAPTURE ? ctin[arg] : NULL;
        for (int k = 0; k < old->outs.n; k++)
            if (old->outs.at[k].kind == LO_CARRY && old->outs.at[k].param == p)
                init = add_or(g, init, ct[k]);
        place[p] = m.loop->params.n;
        carry[p] = make_param(&m, LP_CARRY, of, of->type, NULL, or_zero(g, init, &of->type));
        carry[p]->origin = derived_origin(of, ADJOINT);
        args[p] = lin[p] = linear_input(m.body, of);
        lin[p]->origin = of->origin;                  /* it is a tangent itself */
    }
    Node **res = NEW_N(g->arena, Node *, nr + 1), **ct_res = NEW_N(g->arena, Node *, nr + 1), **back = NEW_N(g->arena, Node *, np + 1);
    graph_inline(m.body, old->body, args, old->body->results.at, nr, res, NULL);
    for (int p = 0; p < np; p++)
        if (old->params.at[p].kind == LP_CARRY)
            ct_res[old->params.at[p].result] = add_or(m.body, ct_res[old->params.at[p].result], carry[p]);
    for (int k = 0; k < old->outs.n; k++) {
        LoopOut o = old->outs.at[k];
        if (o.kind != LO_COLLECT || !ct[k])
            continue;
        Node *all = make_param(&m, LP_CAPTURE, ct[k], ct[k]->type, NULL, ct[k]);
        ct_res[o.result] = add_or(m.body, ct_res[o.result], slice_at(m.body, all, index));
    }
    transpose(m.body, lin, np, res, ct_res, nr, back);
    for (int p = 0; p < np; p++) {
        if (!linear[p])
            continue;
        Node *next = old->params.at[p].kind == LP_CARRY ? or_zero(m.body, back[p], &lin[p]->type) : add_or(m.body, carry[p], back[p]);
        m.loop->params.at[place[p]].result = make_result(&m, onto(m.body, carry[p], next));
        place[p] = make_out(&m, LO_CARRY, place[p], m.loop->params.at[place[p]].result);
    }
    Node *back_loop = finish_loop(&m);
    for (int p = 0, a = 0; p < np; p++)
        if (old->params.at[p].kind != LP_INDEX) {
            if (linear[p])
                ctin[a] = ir_proj(g, back_loop, place[p]);
            a++;
        }
}
