/* explain.c -- mflc explain: what will be done and what it costs, before anything runs. Regions and their ways, every alternative with its price, the phases, the
 * schedule drawn, the map of the workspace with the holder of its peak, and one verdict. Text, or JSON for programs. */
#include "driver.h"
#include <jansson.h>
#include <stdlib.h>

static const char *bytes_text(Arena *a, double b)
{
    return b < 10 * 1024.0 ? arena_printf(a, "%.0f B", b) : b < 10 * 1048576.0 ? arena_printf(a, "%.1f KiB", b / 1024) : arena_printf(a, "%.1f MiB", b / 1048576);
}

static const char *flops_text(Arena *a, double f)
{
    return f < 1e4 ? arena_printf(a, "%.0f", f) : f < 1e7 ? arena_printf(a, "%.1f k", f / 1e3) : f < 1e10 ? arena_printf(a, "%.1f M", f / 1e6) : arena_printf(a, "%.2f G", f / 1e9);
}

static const char *line_text(Arena *a, Span s)
{
    if (!s.src)
        return "-";
    return arena_printf(a, "%s:%d", source_name(s.src), s.first.line);
}

/* "1 step", "20 steps" */
static const char *counted(Arena *a, int64_t n, const char *what) { return arena_printf(a, "%lld %s%s", (long long)n, what, n == 1 ? "" : "s"); }

static const Plan *chosen(const Session *s) { return &s->plans.all.at[s->plans.chosen]; }

static int by_seconds(const void *a, const void *b)
{
    const Plan *x = *(const Plan *const *)a, *y = *(const Plan *const *)b;
    return (x->seconds > y->seconds) - (x->seconds < y->seconds);
}

const Plan **plans_sorted(Session *s)
{
    const Plan **at = NEW_N(s->arena, const Plan *, s->plans.all.n + 1);
    for (int k = 0; k < s->plans.all.n; k++)
        at[k] = &s->plans.all.at[k];
    qsort(at, (size_t)s->plans.all.n, sizeof *at, by_seconds);
    return at;
}

/* ---- regions ---- */
typedef struct Regions { Session *s; const DiffOptions *o; json_t *list; } Regions;

/* As --mode REGION=WAY takes it. Of an inner loop that goes forward the other ways are modes. */
static const char *way_text(Arena *a, const Problem *p, int region, const DiffOptions *o, bool forward)
{
    if (region == REGION_STEPS && (forward || o->mode == MODE_FORWARD))
        return mode_name[o->mode];
    if (region <= REGION_LINE)
        return gradient_is_mixed(o, REGION_LINE - region) ? "mixed" : "reverse";
    return region == REGION_GRADIENT ? mode_text(p, o) : schedule_text(a, region == REGION_STEPS ? &o->steps : schedule_of_region(o, p->loops.at[region].name));
}

/* Every way of a region that was priced with all other regions as chosen; the chosen one first, of a mode the fastest. */
static json_t *print_ways(const Regions *r, int region)
{
    const Session *s = r->s;
    const Plan **at = plans_sorted(r->s);
    bool forward = r->o->mode == MODE_FORWARD, told[MODE_FORWARD + 1] = { false };
    json_t *list = json_array();
    if (forward && region != REGION_STEPS && region < 0)
        return list;                              /* the gradient has none of its own */
    for (int k = -1; k < s->plans.all.n; k++) {
        const Plan *p = k < 0 ? chosen(s) : at[k];
        if (k >= 0 && (plan_region_apart(s->problem, &p->o, r->o) != region || (forward && region == REGION_STEPS && (told[p->o.mode] || p->o.apart))))
            continue;
        told[p->o.mode] = true;
        const char *way = way_text(s->arena, s->problem, region, &p->o, forward);
        if (r->list)
            json_array_append_new(list, json_pack("{s:s, s:f, s:I, s:b}", "way", way, "seconds", p->seconds, "work_bytes", (json_int_t)p->bytes, "chosen", k < 0));
        else
            printf("  %-10s   %s%-30s %11.4g %13s\n", "", k < 0 ? "* " : "  ", way, 1e3 * p->seconds, bytes_text(s->arena, (double)p->bytes));
    }
    return list;
}

static void region(Regions *r, int number, const char *name, const char *what, const char *where, const char *way, const char *ways)
{
    if (!r->list)
        printf("  %-10s %s%s%s: %s\n", name, what, *where == '-' ? "" : ", ", *where == '-' ? "" : where, way);
    json_t *priced = print_ways(r, number);
    if (r->list)
        json_array_append_new(r->list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:O}", "region", name, "what", what, "where", utf8_text(r->s->arena, where), "way", way, "ways", ways, "priced", priced));
    json_decref(priced);
}

static void print_regions(Session *s, json_t *list)
{
    const Plan *p = chosen(s);
    Arena *a = s->arena;
    Regions r = { .s = s, .o = &p->o, .list = list };
    Span inner = s->problem->inner->results.at[0]->origin.span;
    bool forward = p->o.mode == MODE_FORWARD;
    if (!list)
        printf("\nregions: the way of each, and what the whole would cost with another way for that one alone (--mode REGION=WAY, --loops REGION=WAY)\n  %-10s   %-32s %11s %13s\n", "region", "way", "ms", "workspace");
    region(&r, REGION_STEPS, "steps", arena_printf(a, "inner loop of %s", counted(a, s->problem->steps, "step")), "-",
           forward ? arena_printf(a, "forward, %s", counted(a, problem_meta_numbers(s->problem), "tangent")) : arena_printf(a, "reverse, %s", schedule_text(a, &p->o.steps)),
           "forward; reverse with keep, snapshot, every:K, every:K:S, binomial:S, +gradients, +store, +last:K, +last:0");
    region(&r, REGION_GRADIENT, "gradient", "gradient of the inner loss", line_text(a, inner),
           forward ? "expanded, then forward, as the steps are" : p->o.apart ? mode_text(s->problem, &p->o) : p->o.mode == MODE_MIXED ? "mixed: forward over reverse" : "reverse over reverse", forward ? "" : "mixed, reverse");
    for (int k = 0, lines = gradient_lines(s->problem); lines > 1 && !forward && k < lines; k++)
        region(&r, REGION_LINE - k, arena_printf(a, "gradient/%s", gradient_line_name(s->problem, k)), arena_printf(a, "its part that steps %s", gradient_line_name(s->problem, k)), "-",
               gradient_is_mixed(&p->o, k) ? "mixed: forward over reverse" : "reverse over reverse", "mixed, reverse");
    for (int k = 0; k < s->problem->loops.n; k++) {
        const ModelLoop *l = &s->problem->loops.at[k];
        region(&r, k, l->name, arena_printf(a, "loop of %lld iterations in %s", (long long)l->n, l->in), line_text(a, l->at),
               schedule_text(a, schedule_of_region(r.o, l->name)), "keep, snapshot, every:K, binomial:S");
    }
}

/* ---- alternatives ---- */
static json_t *plan_json(Session *s, const Plan *p)
{
    return json_pack("{s:s, s:f, s:I, s:f, s:f, s:f, s:b}", "plan", plan_text(s->arena, s->problem, p), "seconds", p->seconds, "work_bytes", (json_int_t)p->bytes, "flops", p->work.flops,
                     "bytes_moved", p->work.bytes, "steps_again", p->again, "chosen", p == chosen(s));
}

int plans_width(const Session *s)
{
    int width = 4;
    for (int k = 0; k < s->plans.all.n; k++) {
        int n = (int)strlen(plan_text(s->arena, s->problem, &s->plans.all.at[k]));
        width = n > width ? n : width;
    }
    return width;
}

static const char *rates_text(const Session *s) { return s->rates.measured ? "this machine's profile" : "built-in rates; mflc bench --calibrate measures yours"; }

static void print_alternatives(Session *s, json_t *list)
{
    const Plan **at = plans_sorted(s);
    int width = plans_width(s);
    if (!list)
        printf("\nalternatives (times predicted from %s)\n  %-*s %11s %13s %11s %12s\n", rates_text(s), width, "plan", "ms", "workspace", "flops", "steps again");
    for (int k = 0; k < s->plans.all.n; k++)
        if (list)
            json_array_append_new(list, plan_json(s, at[k]));
        else
            printf("%s %-*s %11.4g %13s %11s %12.0f\n", at[k] == chosen(s) ? "*" : " ", width, plan_text(s->arena, s->problem, at[k]), 1e3 * at[k]->seconds, bytes_text(s->arena, (double)at[k]->bytes),
                   flops_text(s->arena, at[k]->work.flops), at[k]->again);
}

/* ---- phases ---- */
typedef struct Runs { const LProgram *p; double *of; } Runs;

static void count_runs(Runs *r, const LBlock *b, double times)
{
    for (int k = 0; k < b->n; k++) {
        const LStmt *st = b->at[k];
        if (st->kind == LS_INVOKE) {
            for (int f = 0; f < r->p->funcs.n; f++)
                if (r->p->funcs.at[f] == st->func)
                    r->of[f] += times;
            count_runs(r, &st->func->body, times);
        } else
            count_runs(r, &st->body, st->kind == LS_FOR ? times * (st->lo ? st->often : (double)st->n) : times);
    }
}

static int64_t buffer_bytes(const Session *s, const LBuf *b)
{
    int64_t n = b->dtype == T_REAL ? s->real_bytes : b->dtype == T_INT ? 4 : 1;
    for (int d = 0; d < b->rank; d++)
        n *= b->dim[d];
    return n;
}

static bool in_workspace(const LBuf *b) { return b->storage == LB_WORK && b->live_from >= 0 && b->offset >= 0; }

/* The most bytes alive at once between two positions, and where. */
static int64_t peak_between(const Session *s, int from, int to, int *where)
{
    const LProgram *p = chosen(s)->program;
    int64_t most = 0;
    for (int k = 0; k < p->bufs.n; k++) {
        const LBuf *at = p->bufs.at[k];
        int now = at->live_from < from ? from : at->live_from;
        int64_t sum = 0;
        if (!in_workspace(at) || now > to)
            continue;
        for (int i = 0; i < p->bufs.n; i++)
            if (in_workspace(p->bufs.at[i]) && p->bufs.at[i]->live_from <= now && p->bufs.at[i]->live_to >= now)
                sum += (buffer_bytes(s, p->bufs.at[i]) + 63) / 64 * 64;
        if (sum > most) {
            most = sum;
            *where = now;
        }
    }
    return most;
}

static void print_phases(Session *s, json_t *list)
{
    const LProgram *p = chosen(s)->program;
    Runs r = { p, NEW_N(s->arena, double, p->funcs.n + 1) };
    count_runs(&r, &p->entries.at[0].func->body, 1);
    if (!list)
        printf("\nphases\n  %-40s %10s %12s %14s %13s\n", "function", "runs", "flops", "bytes moved", "peak");
    for (int k = 0; k < p->funcs.n; k++) {
        const LFunc *f = p->funcs.at[k];
        Work w = work_of(p, f);
        int where;
        double runs = f->is_entry ? 1 : r.of[k];
        int64_t peak = peak_between(s, f->from, f->to, &where);
        if (list)
            json_array_append_new(list, json_pack("{s:s, s:f, s:f, s:f, s:I}", "function", f->name, "runs", runs, "flops", w.flops, "bytes_moved", w.bytes, "peak_bytes", (json_int_t)peak));
        else
            printf("  %-40s %10.5g %12s %14s %13s\n", arena_printf(s->arena, "%s_%s%s", s->problem->name, f->name, f->is_entry ? " (all)" : ""), runs, flops_text(s->arena, w.flops), bytes_text(s->arena, w.bytes),
                   bytes_text(s->arena, (double)peak));
    }
}

/* ---- the workspace ---- */
static int by_offset(const void *a, const void *b)
{
    const LBuf *x = *(const LBuf *const *)a, *y = *(const LBuf *const *)b;
    return x->offset != y->offset ? (x->offset > y->offset) - (x->offset < y->offset) : x->live_from - y->live_from;
}

static void print_map(Session *s, json_t *o)
{
    const LProgram *p = chosen(s)->program;
    Vec(LBuf *) all = { 0 };
    Arena *a = s->arena;
    int where = 0;
    int64_t live = peak_between(s, 0, INT32_MAX, &where), largest = 0;
    const LBuf *holder = NULL;
    json_t *list = o ? json_array() : NULL;
    for (int k = 0; k < p->bufs.n; k++)
        if (in_workspace(p->bufs.at[k])) {
            vec_push(a, all, p->bufs.at[k]);
            if (p->bufs.at[k]->live_from <= where && p->bufs.at[k]->live_to >= where && buffer_bytes(s, p->bufs.at[k]) > largest) {
                holder = p->bufs.at[k];
                largest = buffer_bytes(s, holder);
            }
        }
    if (all.n)
        qsort(all.at, (size_t)all.n, sizeof *all.at, by_offset);
    if (!o && chosen(s)->bytes > p->work_bytes)
        printf("\nthe program needs %lld bytes: its entries without a gradient (initial values, the inner loop alone, learn lines) need more than the hypergradient, whose map follows\n", (long long)chosen(s)->bytes);
    if (!o)
        printf("\nworkspace: %lld bytes; %lld alive at the peak (statement %d)%s\n  %10s %12s %6s %6s  %-28s %-22s %s\n", (long long)p->work_bytes, (long long)live, where,
               holder ? arena_printf(a, ", the largest array is %s", holder->name) : "", "offset", "bytes", "from", "to", "array", "shape", "where");
    for (int k = 0; k < all.n; k++) {
        const LBuf *b = all.at[k];
        Type t = type_of(b->dtype, b->rank, b->dim);
        bool at_peak = b->live_from <= where && b->live_to >= where;
        if (list)
            json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:i, s:i, s:s, s:s, s:b}", "array", b->name, "offset", (json_int_t)b->offset, "bytes", (json_int_t)buffer_bytes(s, b), "from", b->live_from,
                                                  "to", b->live_to, "shape", type_text(a, &t), "where", utf8_text(a, line_text(a, b->origin.span)), "at_peak", at_peak));
        else
            printf("%s %10lld %12lld %6d %6d  %-28s %-22s %s\n", at_peak ? "*" : " ", (long long)b->offset, (long long)buffer_bytes(s, b), b->live_from, b->live_to, b->name, type_text(a, &t),
                   line_text(a, b->origin.span));
    }
    if (o) {
        json_object_set_new(o, "workspace", list);
        json_object_set_new(o, "workspace_bytes", json_integer(p->work_bytes));
        json_object_set_new(o, "store_slots", json_integer(p->store_slots));
        json_object_set_new(o, "store_bytes", json_integer(p->store_bytes));
        json_object_set_new(o, "alive_at_peak", json_integer(live));
        json_object_set_new(o, "peak_statement", json_integer(where));
        json_object_set_new(o, "peak_holder", holder ? json_string(holder->name) : json_null());
    }
}

/* ---- the schedule ---- */
enum { DRAWN = 64 };

/* Steps from left to right: what the forward sweep saves, then a line for each step that is reversed and what is run again for it. */
static void draw_schedule(const Session *s, Buf *b)
{
    const Plan *p = chosen(s);
    const Problem *q = s->problem;
    int64_t window = problem_window(q) ? q->truncate : q->steps, cut = q->steps - window, n = window - schedule_kept(&p->o.steps, window);
    buf_printf(b, "\nschedule of the inner loop: %s\n", p->o.mode == MODE_FORWARD ? "forward" : schedule_text(s->arena, &p->o.steps));
    if (q->steps > DRAWN) {
        buf_printf(b, "  %lld steps are too many to draw; ", (long long)q->steps);
        buf_printf(b, "%.0f steps are run again\n", p->again);
        return;
    }
    buf_printf(b, "  forward   ");
    const Checkpoints *c = p->o.mode == MODE_FORWARD ? NULL : schedule_checkpoints(s->arena, &p->o.steps, true, n);
    int32_t table[DRAWN + 2] = { 0 };
    for (int64_t t = 0; t < q->steps; t++) {
        int64_t i = t - cut;
        bool saved = c && i >= 0 && i < n && (mfl_checkpoint_base((int)i, (int)c->last, (int)c->period) >= 0);
        if (c && i >= 0 && i < n && mfl_checkpoint_save(table, (int)i, (int)c->last, (int)c->period, (int)c->bases, (int)c->inner) >= 0)
            saved = true;
        buf_printf(b, "%c", p->o.mode == MODE_FORWARD || i < 0 ? '.' : p->o.steps.keep || i >= n || (i == n - 1 && !saved && !p->o.steps.last_again) ? 'K' : !c ? (p->o.steps.gradients ? 'G' : 'S') : saved ? 'S' : p->o.steps.gradients ? 'g' : '.');
    }
    buf_printf(b, "   . run   S state saved   K everything kept%s\n", p->o.steps.gradients ? "   g gradient kept (G: and the state)" : "");
    if (p->o.mode == MODE_FORWARD)
        return;
    for (int64_t i = p->o.steps.last_again ? n - 1 : n - 2; c && i >= 0; i--) {
        int from = mfl_checkpoint_from(table, (int)i, (int)c->period);
        buf_printf(b, "  step %-4lld %*s", (long long)(i + cut), (int)(cut + from), "");
        for (int j = from; j < i; j++) {
            bool saves = mfl_checkpoint_save(table, j, (int)i, (int)c->period, (int)c->bases, (int)c->inner) >= 0;
            buf_printf(b, "%c", j == from ? 'R' : saves ? 'S' : '>');
        }
        buf_printf(b, "<\n");
    }
    if (p->program->store_slots)
        buf_printf(b, "  in the caller's store: %lld slots of at most %lld bytes\n", (long long)p->program->store_slots, (long long)p->program->store_bytes);
    if (c)
        buf_printf(b, "  R restored   > run again   S run again from a state saved here   < reversed\n");
}

/* ---- the verdict ---- */
/* The fastest plan of half the bytes, at most twice the time; NULL: none. */
static const Plan *leaner_plan(const Session *s)
{
    const Plan *p = chosen(s), *found = NULL;
    for (int k = 0; k < s->plans.all.n; k++) {
        const Plan *x = &s->plans.all.at[k];
        if ((!x->o.steps.store || s->plans.store) && 2 * x->bytes <= p->bytes && x->seconds <= 2 * p->seconds && (!found || x->seconds < found->seconds))
            found = x;
    }
    return found;
}

/* What the plan buys beside reverse over reverse that keeps everything. */
static const char *beside_reverse(Session *s, const Plan *p, const Plan *base)
{
    Arena *a = s->arena;
    double memory = (double)p->bytes / (double)base->bytes, time = p->seconds / base->seconds;
    const char *less = memory < 0.95 ? arena_printf(a, "%.1f times less memory than", 1 / memory) : memory <= 1.05 ? "as much memory as" : arena_printf(a, "%.2f times the memory of", memory);
    const char *name = p->o.mode == MODE_MIXED ? "mixed mode" : p->o.mode == MODE_FORWARD ? "forward mode" : "reverse mode with this schedule";
    const char *does = s->plans.budget && time > 1.1 ? "fits" : time <= 1.1 || memory * time <= 1 ? "applies" : "does not pay";
    bool products = p->work.of[W_FMA] + p->work.of[W_BLAS] > 0;
    if (memory > 0.9 && time > 0.9 && time <= 1.1)
        return arena_printf(a, "no gain over reverse over reverse that keeps everything: %s%s%.2f times its memory at %.2f times its time", s->problem->steps == 1 ? "one step, " : "", products ? "" : "no matrix products, ",
                            memory, time);
    return arena_printf(a, "%s %s: %s reverse over reverse that keeps everything, at %.2f times its time", name, does, less, time);
}

/* Fewer options may have left open what is faster. */
static bool is_fastest(const Session *s)
{
    bool yes = true;
    for (int k = 0; k < s->plans.all.n; k++)
        yes &= s->plans.all.at[k].seconds >= chosen(s)->seconds / 1.03 || s->plans.all.at[k].o.steps.store;
    return yes;
}

static const char *verdict(Session *s)
{
    Arena *a = s->arena;
    const Plan *p = chosen(s), *base = &s->plans.all.at[s->plans.baseline], *leaner = leaner_plan(s);
    if (s->problem->steps == 0)
        return "no inner step: the hypergradient is that of the outer loss alone";
    const char *text = base != p ? beside_reverse(s, p, base)
        : arena_printf(a, "reverse over reverse that keeps everything%s: %s in %.3g ms", is_fastest(s) ? " is the fastest" : ", as asked", bytes_text(a, (double)p->bytes), 1e3 * p->seconds);
    return !leaner ? text : arena_printf(a, "%s; %s would take %.1f times less memory than that, at %.2f times its time", text, plan_text(a, s->problem, leaner), (double)p->bytes / (double)leaner->bytes,
                                         leaner->seconds / p->seconds);
}

static const char *symmetry(Session *s)
{
    if (chosen(s)->o.mode != MODE_MIXED)
        return "not used: no derivative is taken to be symmetric in this mode";
    return !backward_needs_gradient(s->problem)
        ? "used for the inner gradient: it is the gradient of a scalar, so the transpose of its derivative is its tangent, H u and M u from one forward sweep. The update is transposed as written, with no symmetry assumed; its "
          "derivative does not depend on the gradient, which the backward step therefore does not need"
        : "used for the inner gradient: it is the gradient of a scalar, so the transpose of its derivative is its tangent, H u and M u from one forward sweep. The update is transposed as written, with no symmetry assumed; its "
          "derivative depends on the gradient, which the backward step computes again or has stored";
}

static void print_json_all(Session *s)
{
    const Plan *p = chosen(s);
    json_t *o = plan_json(s, p), *regions = json_array(), *alternatives = json_array(), *phases = json_array();
    json_object_set_new(o, "problem", json_string(s->problem->name));
    json_object_set_new(o, "real", json_string(s->real_bytes == 4 ? "float" : "double"));
    json_object_set_new(o, "steps", json_integer(s->problem->steps));
    json_object_set_new(o, "meta_numbers", json_integer(problem_meta_numbers(s->problem)));
    json_object_set_new(o, "rates", json_string(rates_text(s)));
    json_object_set_new(o, "why", json_string(s->why));
    json_object_set_new(o, "symmetry", json_string(symmetry(s)));
    json_object_set_new(o, "verdict", json_string(verdict(s)));
    print_regions(s, regions);
    print_alternatives(s, alternatives);
    print_phases(s, phases);
    Buf drawn = { 0 };
    draw_schedule(s, &drawn);
    json_object_set_new(o, "schedule", json_stringn(drawn.at, drawn.n));
    buf_free(&drawn);
    json_object_set_new(o, "regions", regions);
    json_object_set_new(o, "alternatives", alternatives);
    json_object_set_new(o, "phases", phases);
    print_map(s, o);
    char *text = json_dumps(o, JSON_INDENT(2));
    puts(text);
    free(text);
    json_decref(o);
}

int command_explain(Options *o)
{
    Session s;
    int code = session_open(&s, o, WANT_EVERY | WANT_PLAN);
    if (code < 0)
        plan_baseline(&s.plans);
    if (code < 0 && o->json)
        print_json_all(&s);
    else if (code < 0) {
        printf("%s: %s, %s, %s\nchosen: %s\nverdict: %s\n", s.problem->name, s.real_bytes == 4 ? "float" : "double", counted(s.arena, s.problem->steps, "inner step"),
               counted(s.arena, problem_meta_numbers(s.problem), "meta number"), s.why, verdict(&s));
        print_regions(&s, NULL);
        printf("  symmetry   %s\n", symmetry(&s));
        print_alternatives(&s, NULL);
        print_phases(&s, NULL);
        Buf drawn = { 0 };
        draw_schedule(&s, &drawn);
        printf("%.*s", (int)drawn.n, drawn.at);
        buf_free(&drawn);
        print_map(&s, NULL);
    }
    session_close(&s);
    return code < 0 ? EXIT_DONE : code;
}
