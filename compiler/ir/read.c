/* read.c -- reads the text form of a graph (grammar: print.c), so that every dump is an input and a pass can be tried from text.
 *
 * Nodes become what the text says, not what the builder would make of them: nothing is folded or joined. A node's number is its place in its graph.
 * The first mistake is reported with its place and ends the reading; a text that can be read is verified, and what the verifier finds is reported at the
 * node's line. Places of the user's program get their offsets back from the sources that the caller knows; other sources have no text. */
#include "contract.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>

enum { DEEPEST = 64, NODES_MOST = 1 << 24 };

typedef struct Reader {
    Arena *arena;
    Diags *diags;
    const Source *text;
    size_t at;                                    /* the next byte; text->len after a mistake */
    bool failed;
    int depth;
    const SourceList *known;                      /* may be NULL */
    SourceList sources;
    Vec(Checkpoints *) saves;
} Reader;

static void body(Reader *, Graph *);

/* ---- places and mistakes ---- */

static Pos pos_at(const Source *s, size_t off)
{
    Pos p = { 1, 1, off };
    for (size_t k = 0; k < off && k < s->len; k += (size_t)utf8_len(s->text + k, s->len - k))
        if (s->text[k] == '\n') {
            p.line++;
            p.col = 1;
        } else
            p.col++;
    return p;
}

static void fail(Reader *r, size_t from, size_t to, const char *fmt, ...) PRINTF_LIKE(4, 5);
static void fail(Reader *r, size_t from, size_t to, const char *fmt, ...)
{
    if (r->failed)
        return;
    Buf b = { 0 };
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    Span span = { r->text, pos_at(r->text, from), pos_at(r->text, to > from ? to : from + 1) };
    diag_error(r->diags, span, NULL, "%s", b.at);
    buf_free(&b);
    r->failed = true;
    r->at = r->text->len;
}

/* ---- tokens ---- */

static char peek(const Reader *r) { return r->at < r->text->len ? r->text->text[r->at] : 0; }

static void skip(Reader *r)
{
    while (r->at < r->text->len) {
        char c = peek(r);
        if (c == '#' && (r->at == 0 || r->text->text[r->at - 1] == '\n'))
            while (r->at < r->text->len && peek(r) != '\n')
                r->at++;
        else if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
            r->at++;
        else
            return;
    }
}

static size_t word_end(const Reader *r)
{
    size_t k = r->at;
    while (k < r->text->len && (isalnum((unsigned char)r->text->text[k]) || r->text->text[k] == '_'))
        k++;
    return k;
}

/* What stands here, for a message. */
static char *found(const Reader *r)
{
    if (r->at >= r->text->len)
        return "the end of the text";
    size_t n = word_end(r) - r->at;
    if (n == 0)
        n = (size_t)utf8_len(r->text->text + r->at, r->text->len - r->at);
    if (n == 1 && !isprint((unsigned char)peek(r)))
        return arena_printf(r->arena, "the byte %d", (unsigned char)peek(r));
    return arena_printf(r->arena, "`%.*s`", n > 40 ? 40 : (int)n, r->text->text + r->at);
}

static void expected(Reader *r, const char *what)
{
    size_t end = word_end(r);
    fail(r, r->at, end > r->at ? end : r->at + 1, "expected %s, found %s", what, found(r));
}

/* Takes the text if it stands next; a word must end there. */
static bool take(Reader *r, const char *text)
{
    skip(r);
    size_t n = strlen(text);
    if (r->at + n > r->text->len || memcmp(r->text->text + r->at, text, n))
        return false;
    if (isalnum((unsigned char)text[0]) && word_end(r) != r->at + n)
        return false;
    r->at += n;
    return true;
}

static void need(Reader *r, const char *text)
{
    if (!take(r, text))
        expected(r, arena_printf(r->arena, "`%s`", text));
}

static bool is_digit(const Reader *r) { return isdigit((unsigned char)peek(r)); }

/* A whole number of lo..hi. */
static int64_t whole(Reader *r, const char *what, int64_t lo, int64_t hi)
{
    skip(r);
    size_t from = r->at;
    bool negative = lo < 0 && peek(r) == '-';
    int64_t v = 0;
    bool large = false;
    if (negative)
        r->at++;
    if (!is_digit(r)) {
        expected(r, what);
        return lo;
    }
    for (; is_digit(r); r->at++)
        large |= __builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, peek(r) - '0', &v);
    v = negative ? -v : v;
    if (large || v < lo || v > hi) {
        fail(r, from, r->at, "%s is %lld..%lld here", what, (long long)lo, (long long)hi);
        return lo;
    }
    return v;
}

static double number(Reader *r)
{
    skip(r);
    const char *from = r->text->text + r->at;      /* a source ends with a 0: strtod stays inside */
    char *end = NULL;
    double x;
    if (r->text->len - r->at > 4 && !strncmp(from, "nan:", 4)) {
        uint64_t bits = strtoull(from + 4, &end, 16);
        memcpy(&x, &bits, 8);
        if (end != from + 4 + 16 || !isnan(x))
            expected(r, "`nan:` and 16 hexadecimal digits of a double that is not a number");
    } else {
        x = strtod(from, &end);
        if (end == from || isnan(x))
            expected(r, "a number");
    }
    if (!r->failed)
        r->at += (size_t)(end - from);
    return r->failed ? 0 : x;
}

static int hex(char c) { return isdigit((unsigned char)c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

/* A quoted name; "" is no name. false: none stands here. */
static bool name(Reader *r, Name *to)
{
    skip(r);
    size_t from = r->at;
    if (peek(r) != '"')
        return false;
    Buf b = { 0 };
    for (r->at++; peek(r) != '"';) {
        const char *s = r->text->text + r->at;
        size_t left = r->text->len - r->at;
        if (!left || *s == '\n') {
            fail(r, from, r->at, "the name is not closed by `\"`");
            break;
        }
        bool code = left > 3 && s[0] == '\\' && s[1] == 'x' && hex(s[2]) >= 0 && hex(s[3]) >= 0;
        char c = code ? (char)(hex(s[2]) * 16 + hex(s[3])) : s[0] == '\\' && left > 1 ? s[1] : s[0];
        buf_put(&b, &c, 1);
        r->at += code ? 4 : s[0] == '\\' && left > 1 ? 2 : 1;
    }
    if (!r->failed)
        r->at++;
    *to = b.n ? intern_n(b.at, b.n) : NULL;
    buf_free(&b);
    return true;
}

static void names(Reader *r, Name *own, Name *of_body)
{
    if (!name(r, own))
        return;
    *of_body = *own;
    name(r, of_body);
}

static bool is_value(Reader *r) { skip(r); return peek(r) == '%'; }

static Node *value(Reader *r, const Graph *g)
{
    skip(r);
    size_t from = r->at;
    if (!take(r, "%")) {
        expected(r, "a value, such as %3");
        return NULL;
    }
    int64_t id = whole(r, "a value's number", 0, NODES_MOST);
    if (r->failed)
        return NULL;
    if (id >= g->nodes.n) {
        fail(r, from, r->at, "value %%%lld is not defined before its use", (long long)id);
        return NULL;
    }
    return g->nodes.at[id];
}

/* ---- contractions ---- */

static Place place(Reader *r, const Contract *c)
{
    Place p = place_const(0);
    for (bool first = true; !r->failed; first = false) {
        skip(r);
        bool minus = peek(r) == '-', sign = minus || peek(r) == '+';
        if (!sign && !first)
            return p;
        r->at += sign;
        bool digits = is_digit(r);
        int64_t k = digits ? whole(r, "a number", 0, (int64_t)1 << 48) : 1;
        int letter = peek(r) - 'a';
        if (letter >= 0 && letter < c->nletters && k <= INT32_MAX) {
            p.coef[letter] = (int32_t)(minus ? -k : k);
            r->at++;
        } else if (peek(r) == '#' && !minus && !digits) {
            r->at++;
            p.index = (int)whole(r, "an operand's number", 0, MAX_OPERANDS - 1);
        } else if (digits && !isalpha((unsigned char)peek(r)))
            p.base = minus ? -k : k;
        else
            expected(r, "a place: numbers, letters of the contraction and #K, added");
    }
    return p;
}

static Access access(Reader *r, const Contract *c)
{
    Access a = { 0 };
    need(r, "[");
    while (!r->failed && !take(r, "]")) {
        if (a.rank == MAX_RANK) {
            fail(r, r->at, r->at + 1, "an array has at most %d axes", MAX_RANK);
            break;
        }
        if (a.rank)
            need(r, ",");
        a.place[a.rank++] = place(r, c);
    }
    return a;
}

static void letters(Reader *r, Contract *c)
{
    need(r, "{");
    while (!r->failed && !take(r, "}")) {
        if (c->nletters == MAX_LETTERS || peek(r) != 'a' + c->nletters) {
            expected(r, c->nletters == MAX_LETTERS ? "`}`: there are no more letters" : arena_printf(r->arena, "`%c<RANGE` or `}`", 'a' + c->nletters));
            return;
        }
        r->at++;
        need(r, "<");
        int l = contract_letter(c, whole(r, "a range", 1, (int64_t)1 << 48), NULL);
        name(r, &c->letter[l]);
    }
}

static const Contract *contract(Reader *r, int narg)
{
    Contract c;
    contract_init(&c);
    letters(r, &c);
    c.out = access(r, &c);
    need(r, "+=");
    c.scale = number(r);
    while (!r->failed) {
        bool factor = take(r, "*");
        if (!factor && !take(r, ";"))
            break;
        if (c.nfactor + c.nindex >= narg || (factor && c.nindex)) {
            fail(r, r->at - 1, r->at, factor && c.nindex ? "factors stand before index arrays" : "there are only %d operands", narg);
            break;
        }
        c.arg[c.nfactor + c.nindex] = access(r, &c);
        *(factor ? &c.nfactor : &c.nindex) += 1;
    }
    while (take(r, "if")) {
        if (c.nguard == MAX_RANK) {
            fail(r, r->at - 2, r->at, "a contraction has at most %d guards", MAX_RANK);
            break;
        }
        need(r, "0");
        need(r, "<=");
        Guard g = { .place = place(r, &c) };
        need(r, "<");
        g.n = whole(r, "a bound", 0, (int64_t)1 << 48);
        c.guard[c.nguard++] = g;
    }
    return r->failed ? NULL : contract_intern(&c);
}

/* ---- loops and gradients ---- */

/* A schedule: the first mention of its number makes it, later ones repeat it. */
static const Checkpoints *saves(Reader *r)
{
    skip(r);
    size_t from = r->at;
    int64_t k = whole(r, "a schedule's number", 0, r->saves.n);
    need(r, ":");
    Checkpoints c = { .last = whole(r, "the last iteration", 0, INT32_MAX) };
    c.period = whole(r, "a period", 1, INT32_MAX);
    c.inner = whole(r, "a number of slots", 0, INT32_MAX);
    c.bases = whole(r, "a number of slots", 0, INT32_MAX);
    c.stored = whole(r, "a number of stored states", 0, INT32_MAX);
    c.from_start = take(r, "from_start");
    if (r->failed)
        return NULL;
    if (k == r->saves.n) {
        vec_push(r->arena, r->saves, NEW(r->arena, Checkpoints));
        *r->saves.at[k] = c;
    }
    const Checkpoints *o = r->saves.at[k];
    if (o->last != c.last || o->period != c.period || o->inner != c.inner || o->bases != c.bases || o->stored != c.stored || o->from_start != c.from_start)
        fail(r, from, r->at, "schedule %d was another where it was first named", (int)k);
    return o;
}

static void loop_head(Reader *r, Loop *l)
{
    l->body = graph_new(r->arena, NULL);
    need(r, "times");
    l->n = whole(r, "a number of iterations", 0, (int64_t)1 << 48);
    l->down = take(r, "down");
    l->is_steps = take(r, "steps");
    if (take(r, "saves"))
        l->saves = saves(r);
    names(r, &l->name, &l->body->name);
}

/* One of the words; its number. */
static int one_of(Reader *r, const char *const *word, int n, const char *what)
{
    for (int k = 0; k < n; k++)
        if (take(r, word[k]))
            return k;
    skip(r);
    expected(r, what);
    return 0;
}

static void numbered(Reader *r, int k)
{
    skip(r);
    size_t from = r->at;
    int64_t got = whole(r, "a number", 0, INT32_MAX);
    if (!r->failed && got != k)
        fail(r, from, r->at, "expected number %d: they are given in order", k);
}

static void loop_params(Reader *r, Loop *l, Again *again, int nouter)
{
    static const char *const kinds[] = { "index", "carry", "capture", "state" };
    int n = l->body->params.n;
    if (again) {
        again->from = NEW_N(r->arena, int, n + 1);
        again->start = NEW_N(r->arena, int, n + 1);
    }
    for (int k = 0; k < n && !r->failed; k++) {
        need(r, "param");
        numbered(r, k);
        LoopParam p = { (LoopParamKind)one_of(r, kinds, 4, "index, carry, capture or state"), -1 };
        if (p.kind == LP_CARRY)
            p.result = (int)whole(r, "a result's number", 0, l->body->results.n - 1);
        vec_push(r->arena, l->params, p);
        if (!again)
            continue;
        need(r, "for");
        again->from[k] = (int)whole(r, "a parameter's number", 0, nouter - 1);
        again->start[k] = take(r, "start") ? (int)whole(r, "a parameter's number", 0, nouter - 1) : -1;
    }
}

static void loop_rest(Reader *r, Loop *l, Again *of, int nouter)
{
    static const char *const kinds[] = { "last", "each", "saved" };
    need(r, "{");
    body(r, l->body);
    loop_params(r, l, of, nouter);
    while (take(r, "out")) {
        numbered(r, l->outs.n);
        LoopOut o = { (LoopOutKind)one_of(r, kinds, 3, "last, each or saved"), -1, -1 };
        if (o.kind == LO_COLLECT)
            o.result = (int)whole(r, "a result's number", 0, l->body->results.n - 1);
        else
            o.param = (int)whole(r, "a parameter's number", 0, l->params.n - 1);
        if (!r->failed && o.kind == LO_CARRY)
            o.result = l->params.at[o.param].result;
        vec_push(r->arena, l->outs, o);
    }
    if (!of && take(r, "again")) {
        Again *again = NEW(r->arena, Again);
        again->loop = NEW(r->arena, Loop);
        loop_head(r, again->loop);
        loop_rest(r, again->loop, again, l->params.n);
        l->again = again;
    }
    need(r, "}");
}

static int *list(Reader *r, int n, int *count)
{
    int *at = NEW_N(r->arena, int, n + 1);
    for (*count = 0; skip(r), is_digit(r); ++*count) {
        if (*count == n) {
            expected(r, arena_printf(r->arena, "at most %d numbers", n));
            break;
        }
        at[*count] = (int)whole(r, "a number", 0, INT32_MAX);
    }
    return at;
}

static void region_head(Reader *r, Region *g, bool tangent, int narg)
{
    g->body = graph_new(r->arena, NULL);
    need(r, "of");
    names(r, &g->name, &g->body->name);
    need(r, "wrt");
    g->wrt = list(r, narg, &g->nwrt);
    if (tangent) {
        need(r, "active");
        g->active = list(r, narg, &g->nactive);
    }
}

/* ---- nodes ---- */

static void type(Reader *r, Node *n)
{
    static const char *const dtypes[] = { "real", "int", "bool", "none" };
    need(r, ":");
    n->type.dtype = (DType)one_of(r, dtypes, 4, "a type: real, int, bool or none");
    if (!take(r, "["))
        return;
    do {
        if (n->type.rank == MAX_RANK) {
            fail(r, r->at - 1, r->at, "an array has at most %d axes", MAX_RANK);
            return;
        }
        n->type.dim[n->type.rank] = whole(r, "a size", 0, (int64_t)1 << 48);
        name(r, &n->axis_name[n->type.rank++]);
    } while (take(r, ","));
    need(r, "]");
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
    p.line = (int)whole(r, "a line", 0, INT32_MAX);
    need(r, ":");
    p.col = (int)whole(r, "a column", 0, INT32_MAX);
    if (s)
        offset_of(s, &p);
    return p;
}

static void origin(Reader *r, Origin *o)
{
    name(r, &o->name);
    o->kind = take(r, "d") ? TANGENT : take(r, "b") ? ADJOINT : take(r, "db") ? TANGENT_OF_ADJOINT : take(r, "bb") ? ADJOINT_OF_ADJOINT : PRIMAL;
    if (take(r, "in") && !name(r, &o->within))
        expected(r, "a name");
    if (!take(r, "@"))
        return;
    size_t from = r->at;
    int64_t s = whole(r, "a source's number", 0, INT32_MAX);
    if (!r->failed && s >= r->sources.n)
        fail(r, from, r->at, "source %lld is not listed at the graph's head", (long long)s);
    if (r->failed)
        return;
    o->span.src = r->sources.at[s];
    need(r, ":");
    o->span.first = line_and_column(r, o->span.src);
    need(r, "-");
    o->span.last = line_and_column(r, o->span.src);
}

static void attribute(Reader *r, Node *n)
{
    switch (n->op) {
    case OP_const: n->u.number = number(r); break;
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
            n->u.axis = whole(r, "a number", 0, (int64_t)1 << 48);
    }
}

static void node_rest(Reader *r, Node *n)
{
    if (++r->depth > DEEPEST)
        fail(r, r->at, r->at + 1, "regions lie in each other %d deep; %d is the most", r->depth, DEEPEST);
    if (n->op == OP_loop)
        loop_rest(r, n->u.loop, NULL, 0);
    if (n->op == OP_grad || n->op == OP_lingrad) {
        need(r, "{");
        body(r, n->u.region->body);
        need(r, "}");
    }
    r->depth--;
}

static void node(Reader *r, Graph *g)
{
    size_t from = r->at;
    Node *n = NEW(g->arena, Node);
    need(r, "%");
    n->id = (int)whole(r, "a value's number", 0, NODES_MOST);
    if (!r->failed && n->id != g->nodes.n)
        fail(r, from, r->at, "this is value %%%d of its graph", g->nodes.n);
    need(r, "=");
    skip(r);
    size_t word = r->at, end = word_end(r);
    n->op = op_by_name(intern_n(r->text->text + word, end - word));
    if (n->op == OP_COUNT) {
        expected(r, "an operator of `mflc ops`");
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
    need(r, "takes");
    while (is_value(r)) {
        size_t from = r->at;
        Node *n = value(r, g);
        for (int k = 0; n && k < g->params.n; k++)
            if (g->params.at[k] == n)
                fail(r, from, r->at, "%%%d is taken twice", n->id);
        vec_push(g->arena, g->params, n);
    }
    need(r, "gives");
    while (is_value(r)) {
        Node *n = value(r, g);
        Name called = NULL;
        name(r, &called);
        if (n)
            ir_result(g, n, called);
    }
}

static const Source *source(Reader *r)
{
    Name path = NULL;
    numbered(r, r->sources.n);
    if (!name(r, &path) || !path)
        expected(r, "the path of a source");
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
            if (n->u.loop->again)
                forget_places(n->u.loop->again->loop->body);
        } else if (n->op == OP_grad || n->op == OP_lingrad)
            forget_places(n->u.region->body);
    }
}

Graph *ir_read(Arena *arena, Diags *diags, const Source *text, size_t *at, const SourceList *known)
{
    Reader r = { .arena = arena, .diags = diags, .text = text, .at = *at, .known = known };
    Graph *g = graph_new(arena, NULL);
    skip(&r);
    if (r.at == text->len) {
        *at = r.at;
        return NULL;
    }
    size_t head = r.at;
    need(&r, "graph");
    name(&r, &g->name);
    need(&r, "{");
    while (take(&r, "source")) {
        const Source *s = source(&r);
        vec_push(arena, r.sources, s);
    }
    body(&r, g);
    need(&r, "}");
    *at = r.at;
    const Node *culprit = NULL;
    const char *wrong = r.failed ? NULL : ir_verify_at(g, &culprit);
    if (wrong) {
        size_t from = culprit && culprit->mark ? (size_t)((const char *)culprit->mark - text->text) : head, to = from;
        while (to < text->len && text->text[to] != '\n')
            to++;
        fail(&r, from, to, "%s", wrong);
    }
    forget_places(g);
    return r.failed ? NULL : g;
}
