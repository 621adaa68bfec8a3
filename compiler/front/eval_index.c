/* eval_index.c -- a[i], a[1:n], a[:, 0], a[idx], a[:, y], a[:, none]: indexing from 0, checked against the axes.
 *
 * An index array gathers: its axes stand in the axis's place. It picks one element for each leading index when exactly as many `:` stand before it as it
 * has axes. Ranks decide, never sizes. Records with leading axes (blocks[0]) are indexed field by field. */
#include "eval.h"
#include <math.h>

typedef struct Walk { Sema *s; Scope *scope; const Expr *e; Node *node; int axis; int full; bool gathered; } Walk;

static const char *base_name(const Expr *e)
{
    return (e->kind == E_NAME || e->kind == E_FIELD || e->kind == E_CALL) && e->name ? e->name : "this array";
}

static bool wrong(Walk *w, Span at, const char *label, const char *text)
{
    Diag *d = diag_error(w->s->diags, at, label, "%s", text);
    sema_note_declared(w->s, d, w->e->a);
    return false;
}

static bool at_number(Walk *w, const Item *it, Val v)
{
    int64_t n = w->node->type.dim[w->axis], i = (int64_t)v.num;
    if (!v.whole && v.num != floor(v.num))
        return wrong(w, it->span, NULL, arena_printf(w->s->arena, "an index must be an integer; found %g", isnan(v.num) ? (double)NAN : v.num));
    if (i < -n || i >= n)
        return wrong(w, it->at->span, NULL, arena_printf(w->s->arena, "index %lld is outside axis %d of %s, which has length %lld", (long long)i, w->axis, base_name(w->e->a), (long long)n));
    w->node = ir_pick_at(w->s->here, w->node, w->axis, i < 0 ? i + n : i);
    return true;
}

/* out[lead.., rest..] = a[lead.., y[lead..], rest..] */
static Node *pick_rows(Walk *w, Node *y)
{
    Contract c;
    Type out = w->node->type;
    int r = y->type.rank;
    contract_init(&c);
    c.nfactor = c.nindex = 1;
    c.arg[0].rank = out.rank;
    c.arg[1].rank = r;
    c.out.rank = out.rank - 1;
    for (int k = 0, o = 0; k < out.rank; k++) {
        if (k == r) {
            c.arg[0].place[k] = place_const(0);
            c.arg[0].place[k].index = 1;
            continue;
        }
        int l = contract_letter(&c, out.dim[k], w->node->axis_name[k]);
        c.arg[0].place[k] = c.out.place[o++] = place_letter(l);
        if (k < r)
            c.arg[1].place[k] = place_letter(l);
    }
    for (int k = r; k + 1 < out.rank; k++)
        out.dim[k] = out.dim[k + 1];
    out.rank--;
    return ir_contract(w->s->here, &c, (Node *[]){ w->node, y }, out);
}

static const char *index_name(const Expr *e) { return e->kind == E_NAME || e->kind == E_FIELD ? e->name : "this index"; }

static bool check_index(Walk *w, const Item *it, const Val *v, Span at)
{
    Sema *s = w->s;
    int64_t n = w->node->type.dim[w->axis];
    const char *y = index_name(it->at);
    if (v->node->type.dtype != T_INT || !v->ranged) {
        const char *what = v->node->type.dtype == T_INT ? "int data" : v->node->type.dtype == T_BOOL ? "truth values" : "real";
        return wrong(w, at, "an integer index is expected", arena_printf(s->arena, "%s cannot index: its values are %s; only index(C) data, step, loop variables, constants and iota may be an index", y, what));
    }
    if (v->lo >= 0 && v->hi < n)
        return true;
    if (v->bound)
        return wrong(w, at, NULL, arena_printf(s->arena, "%s is index(%lld) and may be up to %lld, but axis %d of %s has length %lld", y, (long long)v->bound, (long long)v->hi, w->axis, base_name(w->e->a), (long long)n));
    Diag *d = diag_error(s->diags, at, NULL, "%s runs from %lld to %lld, but axis %d of %s has length %lld; `max(i, 0)`, `min(i, n - 1)` and `i %% n` stay inside", y, (long long)v->lo, (long long)v->hi, w->axis, base_name(w->e->a), (long long)n);
    sema_note_declared(s, d, w->e->a);
    return false;
}

static bool at_array(Walk *w, const Item *it, Val v)
{
    Sema *s = w->s;
    Node *y = node_here(s, v.node);
    int r = y->type.rank;
    bool picks = r && w->full == r && w->axis == r;
    if (picks)
        for (int k = 0; k < r; k++)
            if (y->type.dim[k] != w->node->type.dim[k])
                return wrong(w, it->at->span, NULL, arena_printf(s->arena, "%s has shape %s and picks one element for each row of %s with shape %s: axis %d has length %lld there", index_name(it->at),
                                                             type_text(s->arena, &y->type), base_name(w->e->a), type_text(s->arena, &w->node->type), k, (long long)w->node->type.dim[k]));
    if (!check_index(w, it, &v, it->at->span))
        return false;
    if (r && w->gathered)
        return wrong(w, it->at->span, NULL, "a second index array in one indexing; write it in index notation, for example t[i] = a[p[i], q[i]]");
    w->gathered |= r > 0;
    if (picks) {
        w->node = pick_rows(w, y);
        return true;
    }
    if (w->node->type.rank - 1 + r > USER_RANK)
        return wrong(w, it->at->span, NULL, arena_printf(s->arena, "the result would have %d axes; the limit is %d", w->node->type.rank - 1 + r, USER_RANK));
    w->node = ir_pick(s->here, w->node, w->axis, y);
    w->axis += r;
    return true;
}

static bool bound_of(Walk *w, const Expr *e, int64_t n, int64_t otherwise, int64_t *out)
{
    *out = otherwise;
    if (!e)
        return true;
    if (!sema_whole(w->s, w->scope, e, "the bound of a range", out))
        return false;
    if (*out < 0)
        *out += n;
    if (*out < 0 || *out > n)
        return wrong(w, e->span, NULL, arena_printf(w->s->arena, "the bound %lld is outside axis %d of %s, which has length %lld", (long long)(*out < 0 ? *out - n : *out), w->axis, base_name(w->e->a), (long long)n));
    return true;
}

static bool at_slice(Walk *w, const Item *it)
{
    int64_t n = w->node->type.dim[w->axis], lo, hi;
    if (!bound_of(w, it->lo, n, 0, &lo) || !bound_of(w, it->hi, n, n, &hi))
        return false;
    if (hi <= lo)
        return wrong(w, it->span, NULL, arena_printf(w->s->arena, "the range %lld:%lld is empty", (long long)lo, (long long)hi));
    w->full = !it->lo && !it->hi && w->full == w->axis ? w->full + 1 : w->full;
    if (lo || hi != n)
        w->node = ir_slice(w->s->here, w->node, w->axis, lo, hi - lo, 1);
    w->axis++;
    return true;
}

static bool new_axis(Walk *w, const Item *it)
{
    Type t = w->node->type;
    int map[MAX_RANK];
    if (t.rank >= USER_RANK)
        return wrong(w, it->span, NULL, "an array may have at most 8 axes");
    for (int k = 0; k < t.rank; k++)
        map[k] = k < w->axis ? k : k + 1;
    for (int k = t.rank; k > w->axis; k--)
        t.dim[k] = t.dim[k - 1];
    t.dim[w->axis] = 1;
    w->node = ir_expand(w->s->here, w->node, t.rank + 1, t.dim, map);
    w->axis++;
    w->full = -1;
    return true;
}

static int consumed(const Expr *e)
{
    int n = 0;
    for (int k = 0; k < e->nitem; k++)
        n += e->item[k].kind != ITEM_NONE;
    return n;
}

static bool one_item(Walk *w, const Item *it)
{
    if (it->kind == ITEM_NONE)
        return new_axis(w, it);
    if (it->kind == ITEM_SLICE)
        return at_slice(w, it);
    int full = w->full;
    Val v = sema_expr(w->s, w->scope, it->at);
    w->full = full;
    if (v.kind == V_ERROR)
        return false;
    if (v.kind == V_RECORD)
        return wrong(w, it->at->span, NULL, arena_printf(w->s->arena, "a record %s cannot index", v.type->text));
    bool ok = v.kind == V_NUM ? at_number(w, it, v) : at_array(w, it, v);
    w->full = -1;
    return ok;
}

static Val index_array(Sema *s, Scope *scope, const Expr *e, Val base)
{
    Walk w = { s, scope, e, node_here(s, base.node), 0, 0, false };
    if (consumed(e) > w.node->type.rank) {
        wrong(&w, e->item[0].span, NULL, arena_printf(s->arena, "%d ind%s for %s, which has shape %s", consumed(e), consumed(e) == 1 ? "ex" : "ices", base_name(e->a), type_text(s->arena, &w.node->type)));
        return val_error();
    }
    for (int k = 0; k < e->nitem; k++)
        if (!one_item(&w, &e->item[k]))
            return val_error();
    Val v = base;
    v.node = w.node;
    return v;
}

static const Node *first_leaf(const Val *v)
{
    while (v->kind == V_RECORD && v->type->nfield)
        v = &v->field[0];
    return v->kind == V_ARRAY ? v->node : NULL;
}

/* Every array of the record is indexed alike. What it then has more or fewer axes, the record has leading axes more or fewer; its records within too. */
static Val index_record(Sema *s, Scope *scope, const Expr *e, Val base)
{
    if (base.kind == V_ARRAY)
        return index_array(s, scope, e, base);
    if (base.kind != V_RECORD)
        return base;
    Val v = val_record(base.type, NEW_N(s->arena, Val, base.type->nfield + 1), base.nlead, base.lead);
    for (int k = 0; k < base.type->nfield; k++) {
        v.field[k] = index_record(s, scope, e, base.field[k]);
        if (v.field[k].kind == V_ERROR)
            return val_error();
    }
    const Node *leaf = first_leaf(&v), *old = first_leaf(&base);
    v.nlead += leaf && old ? leaf->type.rank - old->type.rank : 0;
    for (int k = 0; leaf && k < v.nlead; k++)
        v.lead[k] = leaf->type.dim[k];
    return v;
}

Val eval_index(Sema *s, Scope *scope, const Expr *e)
{
    Val base = eval_base(s, scope, e->a);
    if (base.kind == V_ERROR)
        return base;
    if (base.kind == V_NUM && consumed(e))
        return report(s, e->a->at, NULL, "a number cannot be indexed");
    if (base.kind == V_NUM)
        base = base.whole ? val_int(sema_node(s, base), (int64_t)base.num, (int64_t)base.num) : val_array(sema_node(s, base));
    if (base.kind == V_ARRAY) {
        Val v = index_array(s, scope, e, base);
        return v;
    }
    for (int k = 0; k < e->nitem; k++)
        if (e->item[k].kind == ITEM_NONE)
            return report(s, e->item[k].span, NULL, "`none` cannot be used on a record");
    if (e->nitem > base.nlead)
        return report(s, e->item[0].span, NULL, "%d ind%s for a record %s with %d leading ax%s", e->nitem, e->nitem == 1 ? "ex" : "ices", base.type->text, base.nlead, base.nlead == 1 ? "is" : "es");
    return index_record(s, scope, e, base);
}
