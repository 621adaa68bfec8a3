/* read.c -- reads the text form of a graph (grammar: print.c), so that every dump is an input and a pass can be tried from text.
 *
 * Nodes become what the text says, not what the builder would make of them: nothing is folded or joined. A node's number is its place in its graph.
 * The first mistake is reported with its place and ends the reading; a text that can be read is verified, and what the verifier finds is reported at the
 * node's line. Places of the user's program get their offsets back from the sources that the caller knows; other sources have no text. */
#include "read.h"
#include <ctype.h>

static void body(Reader *, Graph *);

static bool is_value(Reader *r) { read_skip(r); return read_peek(r) == '%'; }

static Node *value(Reader *r, const Graph *g)
{
    read_skip(r);
    size_t from = r->at;
    if (!read_take(r, "%")) {
        read_expected(r, "a value, such as %3");
        return NULL;
    }
    int64_t id = read_whole(r, "a value's number", 0, NODES_MOST);
    if (r->failed)
        return NULL;
    if (id >= g->nodes.n) {
        read_fail(r, from, r->at, "value %%%lld is not defined before its use", (long long)id);
        return NULL;
    }
    return g->nodes.at[id];
}

/* ---- contractions ---- */

static Place place(Reader *r, const Contract *c)
{
    Place p = place_const(0);
    for (bool first = true; !r->failed; first = false) {
        read_skip(r);
        bool minus = read_peek(r) == '-', sign = minus || read_peek(r) == '+';
        if (!sign && !first)
            return p;
        r->at += sign;
        bool digits = read_is_digit(r);
        int64_t k = digits ? read_whole(r, "a number", 0, (int64_t)1 << 48) : 1;
        int letter = read_peek(r) - 'a';
        if (letter >= 0 && letter < c->nletters && k <= INT32_MAX) {
            p.coef[letter] = (int32_t)(minus ? -k : k);
            r->at++;
        } else if (read_peek(r) == '#' && !minus && !digits) {
            r->at++;
            p.index = (int)read_whole(r, "an operand's number", 0, MAX_OPERANDS - 1);
        } else if (digits && !isalpha((unsigned char)read_peek(r)))
            p.base = minus ? -k : k;
        else
            read_expected(r, "a place: numbers, letters of the contraction and #K, added");
    }
    return p;
}

static Access access(Reader *r, const Contract *c)
{
    Access a = { 0 };
    read_need(r, "[");
    while (!r->failed && !read_take(r, "]")) {
        if (a.rank == MAX_RANK) {
            read_fail(r, r->at, r->at + 1, "an array has at most %d axes", MAX_RANK);
            break;
        }
        if (a.rank)
            read_need(r, ",");
        a.place[a.rank++] = place(r, c);
    }
    return a;
}

static void letters(Reader *r, Contract *c)
{
    read_need(r, "{");
    while (!r->failed && !read_take(r, "}")) {
        if (c->nletters == MAX_LETTERS || read_peek(r) != 'a' + c->nletters) {
            read_expected(r, c->nletters == MAX_LETTERS ? "`}`: there are no more letters" : arena_printf(r->arena, "`%c<RANGE` or `}`", 'a' + c->nletters));
            return;
        }
        r->at++;
        read_need(r, "<");
        int l = contract_letter(c, read_whole(r, "a range", 1, (int64_t)1 << 48), NULL);
        read_name(r, &c->letter[l]);
    }
}

static const Contract *contract(Reader *r, int narg)
{
    Contract c;
    contract_init(&c);
    letters(r, &c);
    c.out = access(r, &c);
    read_need(r, "+=");
    c.scale = read_number(r);
    while (!r->failed) {
        bool factor = read_take(r, "*");
        if (!factor && !read_take(r, ";"))
            break;
        if (c.nfactor + c.nindex >= narg || (factor && c.nindex)) {
            read_fail(r, r->at - 1, r->at, factor && c.nindex ? "factors stand before index arrays" : "there are only %d operands", narg);
            break;
        }
        c.arg[c.nfactor + c.nindex] = access(r, &c);
        *(factor ? &c.nfactor : &c.nindex) += 1;
    }
    while (read_take(r, "if")) {
        if (c.nguard == MAX_RANK) {
            read_fail(r, r->at - 2, r->at, "a contraction has at most %d guards", MAX_RANK);
            break;
        }
        read_need(r, "0");
        read_need(r, "<=");
        Guard g = { .place = place(r, &c) };
        read_need(r, "<");
        g.n = read_whole(r, "a bound", 0, (int64_t)1 << 48);
        c.guard[c.nguard++] = g;
    }
    return r->failed ? NULL : contract_intern(&c);
}

/* ---- loops and gradients ---- */

/* A schedule: the first mention of its number makes it, later ones repeat it. */
static const Checkpoints *saves(Reader *r)
{
    read_skip(r);
    size_t from = r->at;
    int64_t k = read_whole(r, "a schedule's number", 0, r->saves.n);
    read_need(r, ":");
    Checkpoints c = { .last = read_whole(r, "the iterations that have states", 0, INT32_MAX) };
    c.period = read_whole(r, "a period", 1, INT32_MAX);
    c.inner = read_whole(r, "a number of slots", 0, INT32_MAX);
    c.bases = read_whole(r, "a number of slots", 0, INT32_MAX);
    c.stored = read_whole(r, "a number of stored states", 0, INT32_MAX);
    c.from_start = read_take(r, "from_start");
    if (r->failed)
        return NULL;
    if (k == r->saves.n) {
        vec_push(r->arena, r->saves, NEW(r->arena, Checkpoints));
        *r->saves.at[k] = c;
    }
    const Checkpoints *o = r->saves.at[k];
    if (o->last != c.last || o->period != c.period || o->inner != c.inner || o->bases != c.bases || o->stored != c.stored || o->from_start != c.from_start)
        read_fail(r, from, r->at, "schedule %d was another where it was first named", (int)k);
    return o;
}

static void loop_head(Reader *r, Loop *l)
{
    l->body = graph_new(r->arena, NULL);
    read_need(r, "times");
    l->n = read_whole(r, "a number of iterations", 0, (int64_t)1 << 48);
    l->down = read_take(r, "down");
    l->is_steps = read_take(r, "steps");
    if (read_take(r, "saves"))
        l->saves = saves(r);
    read_names(r, &l->name, &l->body->name);
}

/* One of the words; its number. */
static int one_of(Reader *r, const char *const *word, int n, const char *what)
{
    for (int k = 0; k < n; k++)
        if (read_take(r, word[k]))
            return k;
    read_skip(r);
    read_expected(r, what);
    return 0;
}

static void numbered(Reader *r, int k)
{
    read_skip(r);
    size_t from = r->at;
    int64_t got = read_whole(r, "a number", 0, INT32_MAX);
    if (!r->failed && got != k)
        read_fail(r, from, r->at, "expected number %d: they are given in order", k);
}

/* of, start: of a body beside a loop's own, which of the loop's nouter parameters its parameters stand for. */
static void loop_params(Reader *r, Loop *l, int **of, int **start, int nouter)
{
    static const char *const kinds[] = { "index", "carry", "capture", "state", "given" };
    int n = l->body->params.n;
    if (of)
        *of = NEW_N(r->arena, int, n + 1);
    if (start)
        *start = NEW_N(r->arena, int, n + 1);
    for (int k = 0; k < n && !r->failed; k++) {
        read_need(r, "param");
        numbered(r, k);
        LoopParam p = { (LoopParamKind)one_of(r, kinds, 5, "index, carry, capture, state or given"), -1 };
        if (p.kind == LP_CARRY)
            p.result = (int)read_whole(r, "a result's number", 0, l->body->results.n - 1);
        vec_push(r->arena, l->params, p);
        if (!of)
            continue;
        read_need(r, "for");
        (*of)[k] = (int)read_whole(r, "a parameter's number", 0, nouter - 1);
        if (start)
            (*start)[k] = read_take(r, "start") ? (int)read_whole(r, "a parameter's number", 0, nouter - 1) : -1;
    }
}

static void loop_outs(Reader *r, Loop *l)
{
    static const char *const kinds[] = { "last", "each", "saved", "latest" };
    while (read_take(r, "out")) {
        numbered(r, l->outs.n);
        LoopOut o = { (LoopOutKind)one_of(r, kinds, 4, "last, each, saved or latest"), -1, -1 };
        if (o.kind == LO_COLLECT || o.kind == LO_LATEST)
            o.result = (int)read_whole(r, "a result's number", 0, l->body->results.n - 1);
        else
            o.param = (int)read_whole(r, "a parameter's number", 0, l->params.n - 1);
        if (!r->failed && o.kind == LO_CARRY)
            o.result = l->params.at[o.param].result;
        vec_push(r->arena, l->outs, o);
    }
}

static Loop *beside(Reader *r, int **of, int **start, int nouter)
{
    Loop *l = NEW(r->arena, Loop);
    loop_head(r, l);
    read_need(r, "{");
    body(r, l->body);
    loop_params(r, l, of, start, nouter);
    loop_outs(r, l);
    return l;
}

static void loop_rest(Reader *r, Loop *l)
{
    read_need(r, "{");
    body(r, l->body);
    loop_params(r, l, NULL, NULL, 0);
    loop_outs(r, l);
    if (read_take(r, "again")) {
        Again *again = NEW(r->arena, Again);
        again->loop = beside(r, &again->from, &again->start, l->params.n);
        read_need(r, "}");
        l->again = again;
    }
    if (read_take(r, "record")) {
        Record *record = NEW(r->arena, Record);
        record->loop = beside(r, &record->from, NULL, l->params.n);
        int n = record->loop->body->results.n;
        record->gives = NEW_N(r->arena, int, n + 1);
        for (int k = 0; k < n && !r->failed; k++) {
            read_need(r, "give");
            numbered(r, k);
            read_need(r, "to");
            record->gives[k] = (int)read_whole(r, "a parameter's number", 0, l->params.n - 1);
        }
        read_need(r, "}");
        l->record = record;
    }
    read_need(r, "}");
}

static int *list(Reader *r, int n, int *count)
{
    int *at = NEW_N(r->arena, int, n + 1);
    for (*count = 0; read_skip(r), read_is_digit(r); ++*count) {
        if (*count == n) {
            read_expected(r, arena_printf(r->arena, "at most %d numbers", n));
            break;
        }
        at[*count] = (int)read_whole(r, "a number", 0, INT32_MAX);
    }
    return at;
}

static void region_head(Reader *r, Region *g, bool tangent, int narg)
{
    g->body = graph_new(r->arena, NULL);
    read_need(r, "of");
    read_names(r, &g->name, &g->body->name);
    read_need(r, "wrt");
    g->wrt = list(r, narg, &g->nwrt);
    if (tangent) {
        read_need(r, "active");
        g->active = list(r, narg, &g->nactive);
    }
}

/* ---- nodes ---- */

static void type(Reader *r, Node *n)
{
    static const char *const dtypes[] = { "real", "int", "bool", "none" };
    read_need(r, ":");
    n->type.dtype = (DType)one_of(r, dtypes, 4, "a type: real, int, bool or none");
    if (!read_take(r, "["))
        return;
    do {
        if (n->type.rank == MAX_RANK) {
            read_fail(r, r->at - 1, r->at, "an array has at most %d axes", MAX_RANK);
            return;
        }
        n->type.dim[n->type.rank] = read_whole(r, "a size", 0, (int64_t)1 << 48);
        read_name(r, &n->axis_name[n->type.rank++]);
    } while (read_take(r, ","));
    read_need(r, "]");
}

/* The offset of a line and column: of the end of the line when it is shorter. */
static void offset_of(const Source *s, Pos *p)
{
    size_t k = 0;
    for (int line = 1; line < p->line && k < s->len; k++)
        line += s->text[k] == '\n';
    for (int col = 1; col < p->col && k < s->len && s->text[k] != '\n'; col++)
        k += (size_t)utf8_len(s->text + k, s->len - k);
    p->off = k;
}

static Pos line_and_column(Reader *r, const Source *s)
{
    Pos p = { 0 };
    p.line = (int)read_whole(r, "a line", 0, INT32_MAX);
    read_need(r, ":");
    p.col = (int)read_whole(r, "a column", 0, INT32_MAX);
    if (s)
        offset_of(s, &p);
    return p;
}

static void written_at(Reader *r, Span *at)
{
    if (!read_take(r, "@"))
        return;
    size_t from = r->at;
    int64_t s = read_whole(r, "a source's number", 0, INT32_MAX);
    if (!r->failed && s >= r->sources.n)
        read_fail(r, from, r->at, "source %lld is not listed at the graph's head", (long long)s);
    if (r->failed)
        return;
    at->src = r->sources.at[s];
    read_need(r, ":");
    at->first = line_and_column(r, at->src);
    read_need(r, "-");
    at->last = line_and_column(r, at->src);
}

static void origin(Reader *r, Origin *o)
{
    read_name(r, &o->name);
    o->kind = read_take(r, "d") ? TANGENT : read_take(r, "b") ? ADJOINT : read_take(r, "db") ? TANGENT_OF_ADJOINT : read_take(r, "bb") ? ADJOINT_OF_ADJOINT : PRIMAL;
    if (read_take(r, "in") && !read_name(r, &o->within))
        read_expected(r, "a name");
    written_at(r, &o->span);
    written_at(r, &o->inner);
}

static void attribute(Reader *r, Node *n)
{
    switch (n->op) {
    case OP_const: n->u.number = read_number(r); break;
    case OP_contract: n->u.contract = (Contract *)contract(r, n->narg); break;
    case OP_loop:
        n->u.loop = NEW(r->arena, Loop);
        loop_head(r, n->u.loop);
        break;
    case OP_grad: case OP_lingrad:
        n->u.region = NEW(r->arena, Region);
        region_head(r, n->u.region, n->op == OP_lingrad, n->narg);
        break;
    default:
        if (op_info[n->op].kind != K_MAP && n->op != OP_reshape && n->op != OP_cholesky)
            n->u.axis = read_whole(r, "a number", 0, (int64_t)1 << 48);
    }
}

static void node_rest(Reader *r, Node *n)
{
    if (++r->depth > DEEPEST)
        read_fail(r, r->at, r->at + 1, "regions lie in each other %d deep; %d is the most", r->depth, DEEPEST);
    if (n->op == OP_loop)
        loop_rest(r, n->u.loop);
    if (n->op == OP_grad || n->op == OP_lingrad) {
        read_need(r, "{");
        body(r, n->u.region->body);
        read_need(r, "}");
    }
    r->depth--;
}

static void node(Reader *r, Graph *g)
{
    size_t from = r->at;
    Node *n = NEW(g->arena, Node);
    read_need(r, "%");
    n->id = (int)read_whole(r, "a value's number", 0, NODES_MOST);
    if (!r->failed && n->id != g->nodes.n)
        read_fail(r, from, r->at, "this is value %%%d of its graph", g->nodes.n);
    read_need(r, "=");
    read_skip(r);
    size_t word = r->at, end = read_word_end(r);
    n->op = op_by_name(intern_n(r->text->text + word, end - word));
    if (n->op == OP_COUNT) {
        read_expected(r, "an operator of `mflc ops`");
        return;
    }
    r->at = end;
    Vec(Node *) args = { 0 };
    while (is_value(r)) {
        Node *a = value(r, g);
        vec_push(g->arena, args, a);
    }
    n->narg = args.n;
    n->arg = args.at;
    n->graph = g;
    if (r->failed)
        return;
    attribute(r, n);
    type(r, n);
    origin(r, &n->origin);
    node_rest(r, n);
    if (r->failed)
        return;
    n->mark = (void *)(r->text->text + from);     /* for what the verifier finds; forgotten after it */
    vec_push(g->arena, g->nodes, n);
}

static void body(Reader *r, Graph *g)
{
    while (is_value(r))
        node(r, g);
    read_need(r, "takes");
    while (is_value(r)) {
        size_t from = r->at;
        Node *n = value(r, g);
        for (int k = 0; n && k < g->params.n; k++)
            if (g->params.at[k] == n)
                read_fail(r, from, r->at, "%%%d is taken twice", n->id);
        vec_push(g->arena, g->params, n);
    }
    read_need(r, "gives");
    while (is_value(r)) {
        Node *n = value(r, g);
        Name called = NULL;
        read_name(r, &called);
        if (n)
            ir_result(g, n, called);
    }
}

static const Source *source(Reader *r)
{
    Name path = NULL;
    numbered(r, r->sources.n);
    if (!read_name(r, &path) || !path)
        read_expected(r, "the path of a source");
    for (int k = 0; r->known && k < r->known->n && !r->failed; k++)
        if (!strcmp(r->known->at[k]->path, path))
            return r->known->at[k];
    return source_from_text(r->arena, path ? path : "", "", 0);
}

static void forget_places(Graph *g)
{
    for (int i = 0; i < g->nodes.n; i++) {
        Node *n = g->nodes.at[i];
        n->mark = NULL;
        if (n->op == OP_loop) {
            forget_places(n->u.loop->body);
            for (int k = 0; k < 2; k++)
                if (loop_beside(n->u.loop, k))
                    forget_places(loop_beside(n->u.loop, k)->body);
        } else if (n->op == OP_grad || n->op == OP_lingrad)
            forget_places(n->u.region->body);
    }
}

Graph *ir_read(Arena *arena, Diags *diags, const Source *text, size_t *at, const SourceList *known)
{
    Reader r = { .arena = arena, .diags = diags, .text = text, .at = *at, .known = known };
    Graph *g = graph_new(arena, NULL);
    read_skip(&r);
    if (r.at == text->len) {
        *at = r.at;
        return NULL;
    }
    size_t head = r.at;
    read_need(&r, "graph");
    read_name(&r, &g->name);
    read_need(&r, "{");
    while (read_take(&r, "source")) {
        const Source *s = source(&r);
        vec_push(arena, r.sources, s);
    }
    body(&r, g);
    read_need(&r, "}");
    *at = r.at;
    const Node *culprit = NULL;
    const char *wrong = r.failed ? NULL : ir_verify_at(g, &culprit);
    if (wrong) {
        size_t from = culprit && culprit->mark ? (size_t)((const char *)culprit->mark - text->text) : head, to = from;
        while (to < text->len && text->text[to] != '\n')
            to++;
        read_fail(&r, from, to, "%s", wrong);
    }
    forget_places(g);
    return r.failed ? NULL : g;
}
