/* names.c -- interned names and the nearest known name. Input: spellings. Output: one pointer per spelling for the life of the
 * process, so that names are compared by pointer. Invariant: the table is a power of two, at most half full; nothing is ever removed.
 * Nothing may depend on the order of the table (it is never walked), so output stays deterministic. */
#include "base.h"
#include <ctype.h>
#include <stdlib.h>

typedef struct Slot { const char *at; size_t n; uint64_t hash; } Slot;
static struct { Slot *slot; size_t cap, n; Arena *arena; } table;

static uint64_t hash_bytes(const char *s, size_t n) {          /* FNV-1a */
    uint64_t h = 1469598103934665603u;
    for (size_t i = 0; i < n; i++) h = (h ^ (unsigned char)s[i]) * 1099511628211u;
    return h;
}

static Slot *find_slot(Slot *slot, size_t cap, const char *s, size_t n, uint64_t hash) {
    for (size_t i = hash & (cap - 1);; i = (i + 1) & (cap - 1)) {
        Slot *at = &slot[i];
        if (!at->at || (at->hash == hash && at->n == n && memcmp(at->at, s, n) == 0)) return at;
    }
}

static void grow_table(void) {
    size_t cap = table.cap ? 2 * table.cap : 1024;
    Slot *slot = calloc(cap, sizeof *slot);
    if (!slot) no_memory(cap * sizeof *slot);
    for (size_t i = 0; i < table.cap; i++)
        if (table.slot[i].at) *find_slot(slot, cap, table.slot[i].at, table.slot[i].n, table.slot[i].hash) = table.slot[i];
    free(table.slot);
    table.slot = slot;
    table.cap = cap;
    if (!table.arena) table.arena = arena_new("names");
}

Name intern_n(const char *s, size_t n) {
    if (2 * (table.n + 1) > table.cap) grow_table();
    uint64_t hash = hash_bytes(s, n);
    Slot *at = find_slot(table.slot, table.cap, s, n, hash);
    if (!at->at) {
        *at = (Slot){arena_strndup(table.arena, s, n), n, hash};
        table.n++;
    }
    return at->at;
}

Name intern(const char *s) { return intern_n(s, strlen(s)); }

Name intern_printf(const char *fmt, ...) {
    Buf b = {0};
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    Name name = intern_n(b.at, b.n);
    buf_free(&b);
    return name;
}

void intern_free_all(void) {
    free(table.slot);
    arena_free(table.arena);
    memset(&table, 0, sizeof table);
}

/* ---- the nearest name ---- */
enum { LONGEST = 64 };                       /* longer names are not compared */

static int least(int a, int b) { return a < b ? a : b; }

/* Edits that turn a into b: insertions, deletions, substitutions and exchanges of two neighbours (optimal string alignment). */
static int edit_distance(const char *a, int na, const char *b, int nb) {
    int row[3][LONGEST + 1];
    for (int j = 0; j <= nb; j++) row[0][j] = j;
    for (int i = 1; i <= na; i++) {
        int *now = row[i % 3], *up = row[(i - 1) % 3], *up2 = row[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= nb; j++) {
            now[j] = least(least(up[j], now[j - 1]) + 1, up[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) now[j] = least(now[j], up2[j - 2] + 1);
        }
    }
    return row[na % 3][nb];
}

static bool same_letters(const char *a, const char *b) {
    while (*a && tolower((unsigned char)*a) == tolower((unsigned char)*b)) a++, b++;
    return !*a && !*b;
}

/* How many edits still count as a slip: none in one letter, more in longer names. */
static int slack(int n) { return n < 2 ? 0 : n < 5 ? 1 : n < 9 ? 2 : 3; }

Name nearest_name(Name wanted, const Name *known, int n) {
    size_t nw = wanted ? strlen(wanted) : 0;
    if (!nw || nw > LONGEST) return NULL;
    Name best = NULL;
    int best_distance = slack((int)nw) + 1;
    for (int i = 0; i < n; i++) {
        size_t nk = known[i] ? strlen(known[i]) : 0;
        if (!nk || nk > LONGEST) continue;
        if (same_letters(wanted, known[i])) { if (known[i] != wanted) return known[i]; continue; }
        int d = edit_distance(wanted, (int)nw, known[i], (int)nk);
        if (d < best_distance && d < (int)nk) { best = known[i]; best_distance = d; }
    }
    return best;
}
