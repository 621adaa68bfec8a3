/* bind.c -- which file stands for which leaf, and the leaf's numbers as the generated code wants them.
 *
 * Order of preference: --data and --meta, then --from DIR/NAME.npy or .csv (or the array NAME of an .npz file), then the declaration's own file (relative to the .mfl file).
 * Every message names the file, the leaf, what was expected and what was found; for a single number also where it stands. */
#include "driver.h"
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void complain(Bindings *b, const char *path, const char *leaf, const char *what)
{
    fprintf(messages(), "mflc: %s, for %s: %s\n", path, leaf, what);
    b->failed = true;
}

static Binding *find(Bindings *b, const char *leaf)
{
    for (int k = b->all.n - 1; k >= 0; k--)
        if (!strcmp(b->all.at[k].name, leaf))
            return &b->all.at[k];
    return NULL;
}

static bool split(Bindings *b, const char *text, bool meta)
{
    const char *eq = strchr(text, '=');
    if (!eq || eq == text || !eq[1]) {
        fprintf(messages(), "mflc: --%s %s: expected NAME=FILE\n", meta ? "meta" : "data", text);
        return false;
    }
    Binding *twice = find(b, intern_n(text, (size_t)(eq - text)));
    if (twice) {
        fprintf(messages(), "mflc: %s is bound twice: to %s and to %s\n", twice->name, twice->path, eq + 1);
        return false;
    }
    vec_push(b->arena, b->all, (Binding){ intern_n(text, (size_t)(eq - text)), meta, true, false, eq + 1, NULL });
    return true;
}

/* --from: a folder, or an .npz file. */
static int open_from(Bindings *b)
{
    struct stat st;
    const char *why = NULL, *from = b->opt->from;
    if (stat(from, &st))
        why = "there is no such folder";
    else if (!S_ISDIR(st.st_mode)) {
        b->npz = slurp(b->arena, from, &b->npz_n, &why);
        if (b->npz && !npz_is(b->npz, b->npz_n))
            why = "it is neither a folder nor an .npz file";
    }
    if (why)
        fprintf(messages(), "mflc: --from %s: %s\n", from, why);
    return why ? EXIT_DATA : -1;
}

int bindings_init(Bindings *b, Arena *arena, const Options *o)
{
    *b = (Bindings){ .arena = arena, .opt = o };
    const char *slash = strrchr(o->file, '/');
    b->folder = slash ? arena_strndup(arena, o->file, (size_t)(slash - o->file + 1)) : "";
    for (int k = 0; k < o->data.n; k++)
        if (!split(b, o->data.at[k], false))
            return EXIT_USAGE;
    for (int k = 0; k < o->meta.n; k++)
        if (!split(b, o->meta.at[k], true))
            return EXIT_USAGE;
    return o->from ? open_from(b) : -1;
}

/* The path bound to a leaf, or NULL. */
static const char *path_of(Bindings *b, const char *leaf, const char *from_file, bool *own)
{
    Binding *x = find(b, leaf);
    *own = false;
    if (x)
        return x->path;
    const char *ending[] = { "npy", "csv" };
    if (b->npz && npz_has(b->npz, b->npz_n, leaf)) {
        b->from_used = true;
        return b->opt->from;
    }
    for (int k = 0; b->opt->from && !b->npz && k < 2; k++) {
        const char *path = arena_printf(b->arena, "%s/%s.%s", b->opt->from, leaf, ending[k]);
        if (!access(path, F_OK)) {
            b->from_used = true;
            return path;
        }
    }
    *own = from_file != NULL;
    return from_file ? arena_printf(b->arena, "%s%s", from_file[0] == '/' ? "" : b->folder, from_file) : NULL;
}

static FileArray *array_of(Bindings *b, const char *leaf, const char *from_file, const char *columns)
{
    Binding *x = find(b, leaf);
    if (x && (x->array || x->failed))
        return x->array;
    bool own;
    const char *path = path_of(b, leaf, from_file, &own), *why = NULL;
    if (!path)
        return NULL;
    if (!x) {
        vec_push(b->arena, b->all, (Binding){ intern(leaf), false, false, false, path, NULL });
        x = &b->all.at[b->all.n - 1];
    }
    FileArray *a = file_read(b->arena, path, own || (columns && !strstr(path, ".npy")) ? columns : NULL, leaf, &why);
    if (!a) {
        complain(b, path, leaf, why);
        x->failed = true;                         /* said once */
        return NULL;
    }
    return x->array = a;
}

/* A table with one column may stand for a vector, a single number for a scalar. *rank: the leaf's own rank with the task axis. */
static int rank_as(const FileArray *a, int wanted)
{
    if (!a->table || wanted < 0 || wanted >= 2)
        return a->rank;
    if (wanted == 1 && (a->dim[1] == 1 || a->dim[0] == 1))
        return 1;
    return wanted == 0 && a->dim[0] == 1 && a->dim[1] == 1 ? 0 : a->rank;
}

static int64_t dim_as(const FileArray *a, int rank, int k)
{
    return a->table && rank == 1 ? a->dim[0] * a->dim[1] : a->dim[k];
}

bool bindings_shape(void *user, const char *leaf, const char *from_file, const char *columns, int *rank, int64_t *dim, const char **file)
{
    Bindings *b = user;
    FileArray *a = array_of(b, leaf, from_file, columns);
    if (!a)
        return false;
    *rank = rank_as(a, *rank);
    for (int k = 0; k < *rank; k++)
        dim[k] = dim_as(a, *rank, k);
    *file = a->path;
    return true;
}

static const char *where_of(Bindings *b, const FileArray *a, int64_t k)
{
    if (a->table)
        return arena_printf(b->arena, "row %lld (line %d), column %d", (long long)(k / a->dim[1] + 1), a->line[k / a->dim[1]], a->column[k % a->dim[1]]);
    Buf t = { 0 };
    buf_puts(&t, "at [");
    int64_t stride = 1, at = k;
    for (int d = 1; d < a->rank; d++)
        stride *= a->dim[d];
    for (int d = 0; d < a->rank; d++) {
        buf_printf(&t, "%s%lld", d ? ", " : "", (long long)(at / stride));
        at %= stride;
        if (d + 1 < a->rank)
            stride /= a->dim[d + 1] ? a->dim[d + 1] : 1;
    }
    buf_puts(&t, "]");
    const char *s = arena_printf(b->arena, "%s", t.at);
    buf_free(&t);
    return s;
}

static void shape_text(Buf *b, int rank, const int64_t *dim)
{
    buf_puts(b, "[");
    for (int k = 0; k < rank; k++)
        buf_printf(b, "%s%lld", k ? ", " : "", (long long)dim[k]);
    buf_puts(b, "]");
}

static bool check_shape(Bindings *b, const Leaf *leaf, const FileArray *a)
{
    int lead = leaf->task, wanted = leaf->type.rank + lead, rank = rank_as(a, wanted);
    bool ok = rank == wanted;
    for (int k = 0; ok && k < leaf->type.rank; k++)
        ok = dim_as(a, rank, k + lead) == leaf->type.dim[k];
    if (ok && lead && a->dim[0] < 1)
        ok = false;
    if (ok)
        return true;
    Buf t = { 0 };
    buf_puts(&t, lead ? "expected tasks in front of shape " : "expected shape ");
    shape_text(&t, leaf->type.rank, leaf->type.dim);
    buf_puts(&t, ", found ");
    shape_text(&t, a->rank, a->dim);
    complain(b, a->path, leaf->name, t.at);
    buf_free(&t);
    return false;
}

/* Checks one number and writes it; false when it was reported. */
static bool put(Bindings *b, const Leaf *leaf, const FileArray *a, int64_t k, int real_bytes, void *to)
{
    double x = file_value(a, k);
    if (!isfinite(x)) {
        complain(b, a->path, leaf->name, arena_printf(b->arena, "%s: the value is %g; every number must be finite", where_of(b, a, k), x));
        return false;
    }
    if (leaf->type.dtype == T_REAL) {
        real_set(to, real_bytes, k, x);
        return true;
    }
    bool whole = x == floor(x) && fabs(x) <= INT32_MAX, inside = !leaf->bound || (x >= 0 && x < (double)leaf->bound);
    if (!whole || !inside) {
        const char *wanted = leaf->bound ? arena_printf(b->arena, "an integer in 0..%lld", (long long)leaf->bound - 1) : "an integer of 32 bits";
        complain(b, a->path, leaf->name, arena_printf(b->arena, "%s: the value is %g; expected %s", where_of(b, a, k), x, wanted));
        return false;
    }
    ((int32_t *)to)[k] = (int32_t)x;
    return true;
}

static bool load_leaf(Bindings *b, const Leaf *leaf, const FileArray *a, int real_bytes, void **to)
{
    if (!check_shape(b, leaf, a))
        return false;
    int64_t count = type_count(&leaf->type) * (leaf->task ? a->dim[0] : 1);
    size_t bytes = leaf->type.dtype == T_REAL ? (size_t)real_bytes : 4;
    *to = arena_try(b->arena, (size_t)(count + 1) * bytes + 64);
    if (!*to) {
        complain(b, a->path, leaf->name, arena_printf(b->arena, "there is no memory for its %lld numbers", (long long)count));
        return false;
    }
    int wrong = 0;
    for (int64_t k = 0; k < count && wrong < 3; k++)
        wrong += !put(b, leaf, a, k, real_bytes, *to);
    return !wrong;
}

static bool load_data(Bindings *b, const Problem *p, int real_bytes, Bound *out)
{
    for (int k = 0; k < p->data.n; k++) {
        const Leaf *leaf = &p->data.at[k];
        FileArray *a = array_of(b, leaf->name, leaf->from_file, leaf->columns);
        if (!a) {
            if (!b->failed)
                fprintf(messages(), "mflc: nothing is bound to data %s: give --data %s=FILE, or --from DIR with %s.npy or %s.csv in it\n", leaf->name, leaf->name, leaf->name, leaf->name);
            b->failed = true;
            continue;
        }
        if (!load_leaf(b, leaf, a, real_bytes, &out->data[k]) || !leaf->task)
            continue;
        out->data_stride[k] = leaf_bytes(leaf, real_bytes);
        if (out->tasks != 1 && out->tasks != a->dim[0])
            complain(b, a->path, leaf->name, arena_printf(b->arena, "it holds %lld tasks; another array holds %lld", (long long)a->dim[0], (long long)out->tasks));
        out->tasks = a->dim[0];
    }
    return !b->failed;
}

static bool is_leaf(const Leaf *leaf, int n, const char *name)
{
    for (int k = 0; k < n; k++)
        if (!strcmp(leaf[k].name, name))
            return true;
    return false;
}

static void add_names(Name *known, int *n, const Leaf *leaf, int count)
{
    for (int k = 0; k < count; k++)
        known[(*n)++] = leaf[k].name;
}

/* --data and --meta name arrays of the problem, each of its own kind. */
static void report_unknown(Bindings *b, const Problem *p)
{
    for (int i = 0; i < b->all.n; i++) {
        const Binding *x = &b->all.at[i];
        bool data = is_leaf(p->data.at, p->data.n, x->name), meta = is_leaf(p->meta.at, p->meta.n, x->name);
        if (!x->given || (x->meta ? meta : data))
            continue;
        b->failed = true;
        if (data || meta) {
            fprintf(messages(), "mflc: %s is %s; give --%s %s=%s\n", x->name, data ? "data" : "a meta variable", data ? "data" : "meta", x->name, x->path);
            continue;
        }
        Name *known = NEW_N(b->arena, Name, p->data.n + p->meta.n + 1);
        int n = 0;
        if (!x->meta)
            add_names(known, &n, p->data.at, p->data.n);
        add_names(known, &n, p->meta.at, x->meta ? p->meta.n : 0);
        Name near = nearest_name(intern(x->name), known, n);
        fprintf(messages(), "mflc: the problem has no %s named %s%s%s%s\n", x->meta ? "meta array" : "data array", x->name, near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    }
}

bool bindings_load(Bindings *b, const Problem *p, int real_bytes, Bound *out)
{
    *out = (Bound){ .tasks = 1 };
    out->data = NEW_N(b->arena, void *, p->data.n + 1);
    out->data_stride = NEW_N(b->arena, size_t, p->data.n + 1);
    out->meta = leaf_buffers(b->arena, real_bytes, p->meta.at, p->meta.n);
    out->meta_bound = NEW_N(b->arena, bool, p->meta.n + 1);
    report_unknown(b, p);
    load_data(b, p, real_bytes, out);
    for (int k = 0; k < p->meta.n; k++) {
        const Leaf *leaf = &p->meta.at[k];
        FileArray *a = array_of(b, leaf->name, NULL, NULL);
        if (a)
            out->meta_bound[k] = load_leaf(b, leaf, a, real_bytes, &out->meta[k]);
    }
    return !b->failed;
}
