/* checkpoint.c -- the state of a meta-training run in a file: everything that the next outer step depends on, so that going on gives the same bits.
 *
 * A head that identifies the run, then losses, meta variables and optimizer states, then a checksum of all of it. The file is replaced atomically.
 * The identity has parts, so that a refusal can say what differs: compiler, problem text, program (sizes, options, imports: the loop IR as text), data. */
#include "run.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_BYTES = 64, PLAN_BYTES = 256 };
typedef struct Head {
    char     magic[8], name[NAME_BYTES], plan[PLAN_BYTES];
    uint64_t text, program, data, seed;
    double   clip, before;
    int64_t  real_bytes, skip, steps_done, state_bytes, meta_bytes, carried_bytes;
} Head;
static const char magic[8] = "mflckp6";

static uint64_t hash(uint64_t h, const void *at, size_t n)
{
    for (size_t k = 0; k < n; k++)
        h = (h ^ ((const unsigned char *)at)[k]) * 1099511628211u;
    return h;
}
static const uint64_t hash_start = 14695981039346656037u;

/* Before the first step, or before a checkpoint's values are taken: the metas have the numbers that are bound to them. */
static uint64_t hash_data(const Run *r)
{
    const Problem *p = r->s.problem;
    const Bound *b = &r->s.bound;
    uint64_t h = hash(hash_start, &b->tasks, sizeof b->tasks);
    for (int k = 0; k < p->data.n; k++)
        h = hash(h, b->data[k], leaf_bytes(&p->data.at[k], r->s.real_bytes) * (size_t)(p->data.at[k].task ? b->tasks : 1));
    for (int k = 0; k < p->meta.n; k++) {
        h = hash(h, &b->meta_bound[k], 1);
        if (b->meta_bound[k])
            h = hash(h, b->meta[k], leaf_bytes(&p->meta.at[k], r->s.real_bytes));
    }
    return h;
}

/* The same with --guard and without, which gives the same bits: so that a run that stopped at a value that is not finite can go on to see where. */
static uint64_t hash_program(Run *r)
{
    Buf b = { 0 };
    lir_print(r->o->guard ? session_lower(&r->s, false) : r->s.program, &b);
    uint64_t h = hash(hash_start, b.at, b.n);
    buf_free(&b);
    return h;
}

static size_t meta_bytes(const Run *r)
{
    size_t n = 0;
    for (int k = 0; k < r->s.problem->meta.n; k++)
        n += leaf_bytes(&r->s.problem->meta.at[k], r->s.real_bytes);
    return n;
}

/* Of all tasks, between windows. */
static size_t carried_bytes(const Run *r)
{
    return r->windows ? (size_t)(r->s.program->carried_bytes * r->s.bound.tasks) : 0;
}

static Head head_of(Run *r)
{
    const Problem *p = r->s.problem;
    if (!r->path) {                                           /* what no step changes */
        r->path = arena_printf(r->s.arena, "%s/%s.ckpt", r->o->out, p->name);
        r->program_hash = hash_program(r);
        r->data_hash = hash_data(r);
    }
    Head h = { .text = hash(hash_start, p->src->text, p->src->len), .program = r->program_hash, .data = r->data_hash,
               .seed = r->o->seed, .clip = r->o->clip, .before = r->before, .real_bytes = r->s.real_bytes, .skip = r->o->on_nonfinite && !strcmp(r->o->on_nonfinite, "skip"),
               .steps_done = r->step, .state_bytes = r->s.program->state_bytes, .meta_bytes = (int64_t)meta_bytes(r), .carried_bytes = (int64_t)carried_bytes(r) };
    memcpy(h.magic, magic, sizeof magic);
    snprintf(h.name, sizeof h.name, "%s", p->name);
    snprintf(h.plan, sizeof h.plan, "%s", plan_text(r->s.arena, p, &r->s.plans.all.at[r->s.plans.chosen]));
    return h;
}

int checkpoint_save(Run *r)
{
    Head h = head_of(r);
    Buf b = { 0 };
    buf_put(&b, (const char *)&h, sizeof h);
    buf_put(&b, (const char *)r->loss, sizeof *r->loss * (size_t)r->step);
    for (int k = 0; k < r->s.problem->meta.n; k++)
        buf_put(&b, r->s.bound.meta[k], leaf_bytes(&r->s.problem->meta.at[k], r->s.real_bytes));
    buf_put(&b, r->s.state, (size_t)h.state_bytes);
    if (h.carried_bytes)
        buf_put(&b, session_carried(&r->s), (size_t)h.carried_bytes);
    uint64_t sum = hash(hash_start, b.at, b.n);
    buf_put(&b, (const char *)&sum, sizeof sum);
    bool ok = write_atomically(r->path, b.at, b.n);
    buf_free(&b);
    return ok ? -1 : cannot_write(r->path);
}

/* Why the file cannot be gone on from, or NULL. */
static const char *refusal(Run *r, const Head *h, const Head *now, const unsigned char *at, size_t n)
{
    uint64_t sum;
    Arena *a = r->s.arena;
    if (n < sizeof *h + sizeof sum || memcmp(h->magic, "mflckp", 6))
        return "it is not a checkpoint of mflc run";
    if (memcmp(h->magic, magic, sizeof magic))
        return "it was written by another version of mflc";
    memcpy(&sum, at + n - sizeof sum, sizeof sum);
    uint64_t rest = n - sizeof *h - sizeof sum;
    bool sound = h->steps_done >= 0 && h->meta_bytes >= 0 && h->state_bytes >= 0 && h->carried_bytes >= 0 && (uint64_t)h->steps_done <= rest / sizeof(double) &&
                 (uint64_t)h->meta_bytes <= rest && (uint64_t)h->state_bytes <= rest && (uint64_t)h->carried_bytes <= rest &&
                 rest == (uint64_t)h->steps_done * sizeof(double) + (uint64_t)h->meta_bytes + (uint64_t)h->state_bytes + (uint64_t)h->carried_bytes;
    if (!sound || h->name[NAME_BYTES - 1] || h->plan[PLAN_BYTES - 1] || sum != hash(hash_start, at, n - sizeof sum))
        return "it is damaged";
    if (strcmp(h->name, now->name))
        return arena_printf(a, "it belongs to the problem %s, not to %s", h->name, now->name);
    if (h->text != now->text)
        return arena_printf(a, "%s has changed since it was written", r->o->file);
    if (h->real_bytes != now->real_bytes)
        return arena_printf(a, "it was written with --real %s", h->real_bytes == 4 ? "float" : "double");
    if (h->seed != now->seed)
        return arena_printf(a, "it was written with --seed %llu", (unsigned long long)h->seed);
    if (h->clip != now->clip)
        return h->clip > 0 ? arena_printf(a, "it was written with --clip %g", h->clip) : "it was written without --clip";
    if (h->skip != now->skip)
        return arena_printf(a, "it was written with --on-nonfinite %s", h->skip ? "skip" : "stop");
    const char *otherwise = "it was written with other sizes, other options or another version of mflc";
    if (h->meta_bytes != now->meta_bytes || h->state_bytes != now->state_bytes || h->carried_bytes != now->carried_bytes)
        return otherwise;
    if (strcmp(h->plan, now->plan))                           /* asked for, or chosen by other rates: other bits */
        return arena_printf(a, "it was written by the plan \"%s\"; this run would be \"%s\". --mode, --schedule and --loops ask for that plan", h->plan, now->plan);
    if (h->program != now->program)
        return otherwise;
    if (h->data != now->data)
        return "it was written with other data";
    if (h->steps_done > r->steps)
        return arena_printf(a, "it stands after outer step %lld; %lld are asked for", (long long)h->steps_done, (long long)r->steps);
    return NULL;
}

void run_room(Run *r, int64_t steps)
{
    if (steps < r->room)
        return;
    int64_t more = steps + 1 > 2 * r->room ? steps + 1 : 2 * r->room;
    double *at = realloc(r->loss, sizeof *at * (size_t)more);
    if (!at)
        no_memory(sizeof *at * (size_t)more);
    r->loss = at;
    r->room = more;
}

int checkpoint_resume(Run *r)
{
    size_t n = 0;
    const char *why = NULL, *path = r->o->resume;
    unsigned char *at = slurp(r->s.arena, path, &n, &why);
    Head h = { .magic = "" }, now = head_of(r);
    if (at) {
        memcpy(&h, at, n < sizeof h ? n : sizeof h);
        why = refusal(r, &h, &now, at, n);
    }
    if (why) {
        fprintf(messages(), "mflc: %s cannot be resumed: %s\n", path, why);
        return EXIT_DATA;
    }
    const unsigned char *p = at + sizeof h;
    r->step = h.steps_done;
    r->before = h.before;
    run_room(r, r->step);
    memcpy(r->loss, p, sizeof *r->loss * (size_t)r->step);
    p += sizeof *r->loss * (size_t)r->step;
    for (int k = 0; k < r->s.problem->meta.n; k++) {
        size_t b = leaf_bytes(&r->s.problem->meta.at[k], r->s.real_bytes);
        memcpy(r->s.bound.meta[k], p, b);
        p += b;
    }
    memcpy(r->s.state, p, (size_t)h.state_bytes);
    if (h.carried_bytes)
        memcpy(session_carried(&r->s), p + h.state_bytes, (size_t)h.carried_bytes);
    return -1;
}

/* ---- the log ---- */
/* The bytes of the lines of the first `steps` steps: what follows, and half a line at the end, is written again by the run that goes on. false: it is no log. */
static bool log_length(const char *text, size_t n, int64_t steps, size_t *keep)
{
    static const char start[] = "{\"step\": ";
    *keep = 0;
    for (size_t k = 0; k < n;) {
        const char *end = memchr(text + k, '\n', n - k);
        char *behind = NULL;
        if (strncmp(text + k, start, n - k < strlen(start) ? n - k : strlen(start)))
            return false;
        if (!end || strtoll(text + k + strlen(start), &behind, 10) >= steps || *behind != ',')
            break;
        *keep = k = (size_t)(end - text) + 1;
    }
    return true;
}

/* Is the log, by another name, a file that this run writes? */
static bool log_is_result(const Run *r, const struct stat *log)
{
    const Problem *p = r->s.problem;
    static const char *const ending[] = { ".npy", ".csv", ".svg", ".ckpt" };
    for (int k = 0; k < p->meta.n + p->param.n + 2; k++)
        for (int e = 0; e < 4; e++) {
            const char *name = k < p->meta.n ? p->meta.at[k].name : k < p->meta.n + p->param.n ? p->param.at[k - p->meta.n].name : k == p->meta.n + p->param.n ? "loss" : p->name;
            struct stat st;
            if (!stat(arena_printf(r->s.arena, "%s/%s%s", r->o->out, name, ending[e]), &st) && st.st_ino == log->st_ino && st.st_dev == log->st_dev)
                return true;
        }
    return false;
}

/* The log is this run's alone until it ends, and nothing but a log is written over. -1, or the exit code. */
static int take_log(Run *r, int fd)
{
    struct stat st;
    size_t n = 0, keep = 0;
    const char *path = r->o->log, *why = NULL;
    if (fstat(fd, &st))
        return cannot_write(path);
    if (!S_ISREG(st.st_mode))                                 /* a pipe, a terminal: written as it comes */
        return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
        fprintf(messages(), "mflc: another `mflc run` writes to %s; give this one a log of its own with --log\n", path);
        return EXIT_DATA;
    }
    const char *text = (const char *)slurp(r->s.arena, path, &n, &why);
    if (!why && log_is_result(r, &st))
        why = "it is one of the results";
    if (!why && !log_length(text, n, r->o->resume ? r->step : 0, &keep))
        why = "it is there and not a log of mflc run";
    if (why) {
        fprintf(messages(), "mflc: --log %s: %s\n", path, why);
        return EXIT_DATA;
    }
    return ftruncate(fd, (off_t)keep) ? cannot_write(path) : -1;
}

int log_open(Run *r)
{
    if (!r->o->log)
        return -1;
    r->log = fopen(r->o->log, "ae");
    return r->log ? take_log(r, fileno(r->log)) : cannot_write(r->o->log);
}
