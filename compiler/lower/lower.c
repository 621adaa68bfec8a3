/* lower.c -- a program: every entry's graph to one function, buffers for what comes in and goes out. */
#include "low.h"

static int64_t room(const Low *l, const Leaf *leaf, int n)
{
    int64_t at = 0;
    for (int k = 0; k < n; k++)
        at += (type_count(&leaf[k].type) * l->prog->real_bytes + 63) / 64 * 64;
    return at;
}

static int64_t carried_room(const Low *l, int n)
{
    const Problem *p = l->problem;
    int np = n < p->param.n ? n : p->param.n;
    return room(l, p->param.at, np) + room(l, p->state.at, n - np);
}

static LBuf *port(Low *l, LStorage s, const Leaf *leaf, DType t)
{
    for (int k = 0; k < l->prog->bufs.n; k++) {
        LBuf *b = l->prog->bufs.at[k];
        if (b->storage == s && b->field == (leaf ? leaf->name : NULL) && s != LB_LOGS)
            return b;
    }
    static const char *const prefix[] = { "", "", "", "", "grad_", "out_", "g_", "s_", "carried_", "outer", "log", "step", "seed" };
    Name hint = leaf ? intern_printf("%s%s", prefix[s], leaf->name) : intern(prefix[s]);
    LBuf *b = new_buf(l, t, leaf ? leaf->type.rank : 0, leaf ? leaf->type.dim : NULL, s, hint, NULL);
    b->field = leaf ? leaf->name : NULL;
    if (leaf)
        size_buffer(l, b, 0, leaf->axis_name);
    return b;
}

static LBuf *learn_port(Low *l, int leaf)
{
    LBuf *b = port(l, LB_STATE, &l->problem->learn_state.at[leaf], T_REAL);
    b->offset = room(l, l->problem->learn_state.at, leaf);
    return b;
}

static LBuf *carried_port(Low *l, int leaf)
{
    const Problem *p = l->problem;
    LBuf *b = port(l, LB_CARRIED, leaf < p->param.n ? &p->param.at[leaf] : &p->state.at[leaf - p->param.n], T_REAL);
    b->offset = carried_room(l, leaf);
    return b;
}

static LBuf *input(Low *l, const EntryGraph *e, int k)
{
    Problem *p = l->problem;
    int i = e->param[k].leaf;
    switch (e->param[k].bind) {
    case BIND_DATA: return port(l, LB_DATA, &p->data.at[i], p->data.at[i].type.dtype);
    case BIND_META: return port(l, LB_META, &p->meta.at[i], T_REAL);
    case BIND_GRAD_IN: return port(l, LB_GRAD_IN, &p->meta.at[i], T_REAL);
    case BIND_STEP: return port(l, LB_STEP, NULL, T_INT);
    case BIND_SEED: return port(l, LB_SEED, NULL, T_INT);
    case BIND_CARRIED: return carried_port(l, i);
    default: return learn_port(l, i);
    }
}

static LBuf *output(Low *l, const EntryGraph *e, int k, int64_t *log_at)
{
    Problem *p = l->problem;
    int i = e->result[k].leaf;
    const Type *t = &e->graph->results.at[k]->type;
    switch (e->result[k].bind) {
    case OUT_OUTER: return port(l, LB_OUTER, NULL, T_REAL);
    case OUT_GRAD: return port(l, LB_GRAD, &p->meta.at[i], T_REAL);
    case OUT_PARAMS: return port(l, LB_PARAMS, &p->param.at[i], T_REAL);
    case OUT_META: return port(l, LB_META, &p->meta.at[i], T_REAL);
    case OUT_STATE: return learn_port(l, i);
    case OUT_CARRIED: return carried_port(l, i);
    case OUT_LOG: {
        LBuf *b = new_buf(l, T_REAL, t->rank, t->dim, LB_LOGS, intern("logs"), NULL);
        b->offset = *log_at * l->prog->real_bytes;
        *log_at += type_count(t);
        return b;
    }
    default: return NULL;
    }
}

/* What a result is called in the workspace, until it is copied to the caller. */
static Name aside_name(const Graph *g, int k, const LBuf *to)
{
    Name name = k < g->result_names.n ? g->result_names.at[k] : NULL;
    if (to->storage == LB_OUTER)
        return intern("outer_value");
    return to->storage == LB_LOGS && name ? name : intern_printf("%s_out", to->name);
}

static LStmt *whole_copy(Low *l, LBuf *to, LBuf *from, const Type *t)
{
    LStmt *s = new_stmt(l, LS_COPY, NULL);
    s->count = type_count(t);
    s->dst = first_of(l, &(Slot){ .buf = to }, t);
    s->src = first_of(l, &(Slot){ .buf = from }, t);
    return s;
}

static void sound(Low *l, const char *pass)
{
    const char *wrong = lir_verify(l->prog);
    if (wrong)
        ice("lower: after %s: %s", pass, wrong);
}

/* The passes over an entry and its phases. */
static void improve(Low *l, int first)
{
    LProgram *p = l->prog;
    l->use_at = NEW_N(l->arena, int, p->bufs.n + l->ntemps + 1);
    sound(l, "emission");
    size_entry(l, first);                         /* known before loops are joined: those of different sizes stay apart where the numbers happen to be equal */
    join_firsts(l, first);
    for (int k = first; k < p->funcs.n; k++)
        single_copies(l, &p->funcs.at[k]->body);
    sound(l, "copies");
    for (int k = first; k < p->funcs.n; k++)
        fuse_block(l, &p->funcs.at[k]->body);
    sound(l, "fusion");
    shrink_buffers(l, first);
    for (int k = first; k < p->funcs.n; k++)
        drop_unread(l, &p->funcs.at[k]->body);
    sound(l, "contraction");
    for (int k = first; k < p->funcs.n; k++)
        block_copies(l, &p->funcs.at[k]->body);
    sound(l, "block copies");
    for (int k = first; k < p->funcs.n; k++)
        pack_rows(l, p->funcs.at[k]);
    sound(l, "packing");
    for (int k = first; k < p->funcs.n; k++) {
        join_temps(&p->funcs.at[k]->body);
        jam_rows(l, &p->funcs.at[k]->body);
        split_sums(l, &p->funcs.at[k]->body);
        read_first(l, p->funcs.at[k]);
        update_in_place(&p->funcs.at[k]->body);
    }
    sound(l, "lanes");
}

static const char *const entry_name[LE_KINDS] = { "init", "adapt", "value", "hypergradient", "learn_init", "learn", "hypergradient_window" };

static void lower_entry(Low *l, const EntryGraph *g, int64_t *log_at)
{
    int first = l->prog->funcs.n;
    LFunc *f = NEW(l->arena, LFunc);
    Env *e = new_env(l, NULL, g->graph);
    f->name = intern(entry_name[g->kind]);
    f->is_entry = true;
    l->prefix = entry_name[g->kind];
    l->func = f;
    for (int k = 0; k < g->graph->params.n; k++) {
        e->slot[g->graph->params.at[k]->id].buf = input(l, g, k);
        e->slot[g->graph->params.at[k]->id].done = true;
    }
    decide(l, e);
    emit_graph(l, e, &f->body);
    /* Everything is computed before anything is written out, so that outputs may be the inputs' memory; first values have no inputs that could be. */
    bool fresh = g->kind == LE_INIT || g->kind == LE_LEARN_INIT;
    Vec(LStmt *) out = { 0 };
    for (int k = 0; k < g->graph->results.n; k++) {
        Node *r = g->graph->results.at[k];
        LBuf *to = output(l, g, k, log_at);
        Env *re = e;
        Node *rn = r;
        Slot *s = slot_of(&re, &rn);
        LBuf *from = s->buf && !s->nprefix && s->buf->storage == LB_WORK ? s->buf : NULL;
        if (!to)
            continue;
        if (!from && fresh) {
            store_value(l, e, r, &(Slot){ .buf = to }, &f->body);
            continue;
        }
        if (!from) {
            Origin o = r->origin;
            Slot aside = { .buf = from = new_buf(l, r->type.dtype, r->type.rank, r->type.dim, LB_WORK, aside_name(g->graph, k, to), &o) };
            size_buffer(l, from, 0, r->axis_name);
            store_value(l, e, r, &aside, &f->body);
        }
        vec_push(l->arena, out, whole_copy(l, to, from, &r->type));
    }
    for (int k = 0; k < out.n; k++)
        push_stmt(l, &f->body, out.at[k]);
    remove_copies(l, &f->body);
    vec_push(l->arena, l->prog->funcs, f);
    improve(l, first);
    vec_push(l->arena, l->prog->entries, (LEntry){ .kind = g->kind, .func = f });
}

/* The functions of entry k: from *first to before *end. */
static void functions_of(const Low *l, int k, int *first, int *end)
{
    const LProgram *p = l->prog;
    for (*end = 0; p->funcs.at[*end] != p->entries.at[k].func; ++*end)
        ;
    for (*first = *end; *first > 0 && !p->funcs.at[*first - 1]->is_entry; --*first)
        ;
    ++*end;
}

/* The entries with the largest workspace first: the others' phases that do the same take their offsets, see share.c. */
static int order_of(LEntryKind kind) { return kind == LE_HYPERGRADIENT || kind == LE_WINDOW ? 0 : kind == LE_VALUE ? 1 : 2; }

static void place_entries(Low *l)
{
    LProgram *p = l->prog;
    int first, end;
    for (int order = 0; order < 3; order++)
        for (int k = 0; k < p->entries.n; k++) {
            LEntry *e = &p->entries.at[k];
            if (order_of(e->kind) != order)
                continue;
            functions_of(l, k, &first, &end);
            place_buffers(l, first, end, &e->work_bytes);
            if (e->work_bytes > p->work_bytes)
                p->work_bytes = e->work_bytes;
        }
}

static void finish_entries(Low *l)
{
    for (int k = 0; k < l->prog->entries.n; k++) {
        const LEntry *e = &l->prog->entries.at[k];
        int first, end;
        functions_of(l, k, &first, &end);
        for (int i = first; l->opt->guard && i < end; i++)
            guard_function(l, l->prog->funcs.at[i], e->kind == LE_WINDOW ? x_load(l, port(l, LB_STEP, NULL, T_INT), NULL) : NULL);
        name_entry(l, first, end);
    }
    sound(l, "placing");
}

/* Does a loop of the graph keep states in the caller's store? */
static bool wants_store(const Graph *g)
{
    for (int i = 0; i < g->nodes.n; i++) {
        const Loop *l = g->nodes.at[i]->op == OP_loop ? g->nodes.at[i]->u.loop : NULL;
        if (l && ((l->saves && l->saves->stored) || wants_store(l->body)))
            return true;
    }
    return false;
}

LProgram *lower_program(Arena *arena, Problem *p, EntryGraph *entries, int n, const LowerOptions *opt)
{
    Low l = { .arena = arena, .opt = opt, .problem = p };
    LProgram *prog = l.prog = NEW(arena, LProgram);
    prog->arena = arena;
    prog->problem = p;
    prog->real_bytes = opt->real_bytes;
    prog->guarded = opt->guard;
    prog->mode = opt->mode;
    prog->schedule = opt->schedule;
    name_sizes(&l);
    for (int k = 0; k < n; k++)
        prog->store_slots |= wants_store(entries[k].graph);     /* known before anything is placed: no entry may touch the store's bytes */
    for (int value = 1; value >= 0; value--)       /* value first: the others share its step */
        for (int k = 0; k < n; k++)
            if ((entries[k].kind == LE_VALUE) == value)
                lower_entry(&l, &entries[k], &prog->nlogs);
    place_entries(&l);
    finish_entries(&l);
    prog->state_bytes = room(&l, p->learn_state.at, p->learn_state.n);
    for (int k = 0; k < n; k++)
        prog->carried_bytes = entries[k].kind == LE_WINDOW ? carried_room(&l, p->param.n + p->state.n) : prog->carried_bytes;
    return prog;
}
