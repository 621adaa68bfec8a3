/* choose.c -- which mode and schedule: builds what the options leave open, costs each from static shapes, takes the least predicted time.
 *
 * time = flops / rate + bytes / bandwidth. The rates are those of one core of a present machine; only their ratio matters
 * for the choice. Forward mode is not even built when there are many more meta numbers than steps could pay for. */
#include "rules.h"

static const double flops_per_second = 2e10, bytes_per_second = 1e10;
enum { FORWARD_DIRECTIONS = 64 };

static double predicted(const Graph *g, double real_bytes, Cost *c)
{
    *c = ir_cost(g, real_bytes);
    return c->flops / flops_per_second + c->bytes / bytes_per_second;
}

static int64_t meta_numbers(const Problem *p)
{
    int64_t n = 0;
    for (int k = 0; k < p->meta.n; k++)
        n += type_count(&p->meta.at[k].type);
    return n;
}

DiffOptions bilevel_choose(Problem *p, const DiffOptions *asked, double real_bytes, Graph **best, const char **why)
{
    DiffOptions won = *asked;
    double least = 0;
    Buf text = { 0 };
    *best = NULL;
    for (int m = MODE_MIXED; m <= MODE_FORWARD; m++) {
        if (asked->mode != MODE_AUTO && asked->mode != (Mode)m)
            continue;
        if (m == MODE_FORWARD && asked->mode == MODE_AUTO && meta_numbers(p) > FORWARD_DIRECTIONS)
            continue;
        for (int s = 0; s < 2; s++) {
            static const Schedule keep = { .given = true, .keep = true }, snapshot = { .given = true, .period = 1 };
            if (asked->steps.given ? s : m == MODE_FORWARD && !s)
                continue;
            DiffOptions o = *asked;
            o.mode = (Mode)m;
            if (!o.steps.given)
                o.steps = s ? snapshot : keep;
            if (!o.loops.given)
                o.loops = snapshot;
            Graph *g = bilevel_hypergradient(p, &o);
            Cost c;
            double t = predicted(g, real_bytes, &c);
            buf_printf(&text, "%s%s/%s %.3g ms", text.n ? ", " : "", mode_name[m], schedule_text(p->arena, &o.steps), 1e3 * t);
            if (!*best || t < least) {
                *best = g;
                least = t;
                won = o;
            }
        }
    }
    *why = arena_printf(p->arena, "%s/%s: the least predicted time of %s", mode_name[won.mode], schedule_text(p->arena, &won.steps), text.at ? text.at : "");
    buf_free(&text);
    return won;
}
