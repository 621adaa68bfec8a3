/* diag.c -- collects errors, warnings and their notes. Input: a place and a message. Output: Diags.all, in the order of reporting
 * (diag_print.c sorts). Invariants: at most KEPT of each kind are kept, the rest only counted; of several errors at one place the
 * first stands, since the others follow from it; entries never move, so a Diag stays valid for notes. */
#include "base.h"

enum { KEPT = 50, CALLS_SHOWN = 3 };

static bool same_place(Span a, Span b) { return a.src && a.src == b.src && a.first.off == b.first.off; }

static bool said_already(const Diags *d, const Diag *x) {
    for (int i = 0; i < d->all.n; i++) {
        const Diag *y = &d->all.at[i];
        if (y->kind != x->kind) continue;
        if (same_place(x->span, y->span) && (x->kind == DIAG_ERROR || strcmp(x->text, y->text) == 0)) return true;
        if (!x->span.src && !y->span.src && strcmp(x->text, y->text) == 0) return true;
    }
    return false;
}

static int count_kind(const Diags *d, DiagKind kind) {
    int n = 0;
    for (int i = 0; i < d->all.n; i++) n += d->all.at[i].kind == kind;
    return n;
}

/* The outermost call of a library function by the user's text, or NULL: outside the library. */
static const CallSite *into_library(const Diags *d) {
    for (int i = 0; i < d->calls.n; i++)
        if (d->calls.at[i].library) return &d->calls.at[i];
    return NULL;
}

static void note_calls(Diags *d, Diag *x, const CallSite *library, Span said_at) {
    int from = library ? (int)(library - d->calls.at) : d->calls.n, shown = 0;
    if (library) diag_note(d, x, said_at, "the text of %s in the library is here", library->name);
    for (int i = from - 1; i >= 0 && shown < CALLS_SHOWN; i--, shown++) diag_note(d, x, d->calls.at[i].at, "%s is called here", d->calls.at[i].name);
}

static Diag *add(Diags *d, DiagKind kind, Span span, const char *label, const char *fmt, va_list ap) {
    Buf b = {0};
    const CallSite *library = kind == DIAG_ERROR ? into_library(d) : NULL;
    Span said_at = span;
    if (library) {
        buf_printf(&b, "in %s: ", library->name);
        span = library->at;
    }
    buf_vprintf(&b, fmt, ap);
    Diag x = {.kind = kind, .span = span, .text = arena_strndup(d->arena, b.at, b.n),
              .label = label && *label ? arena_strndup(d->arena, label, strlen(label)) : NULL};
    buf_free(&b);
    bool again = said_already(d, &x);
    if (kind == DIAG_ERROR) note_calls(d, &x, library, said_at);
    if (kind == DIAG_ERROR && !again) d->errors++;
    if (again || count_kind(d, kind) >= KEPT) {                 /* takes notes, is never seen */
        Diag *unseen = NEW(d->arena, Diag);
        *unseen = x;
        return unseen;
    }
    if (!d->all.cap) {                                          /* room for all that can come: entries do not move */
        d->all.cap = 2 * KEPT;
        d->all.at = arena_alloc(d->arena, sizeof *d->all.at * (size_t)d->all.cap);
    }
    d->all.at[d->all.n] = x;
    return &d->all.at[d->all.n++];
}

Diag *diag_error(Diags *d, Span span, const char *label, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    Diag *x = add(d, DIAG_ERROR, span, label, fmt, ap);
    va_end(ap);
    return x;
}

Diag *diag_warning(Diags *d, Span span, const char *label, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    Diag *x = add(d, DIAG_WARNING, span, label, fmt, ap);
    va_end(ap);
    return x;
}

void diag_note(Diags *d, Diag *x, Span span, const char *fmt, ...) {
    Buf b = {0};
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    Note note = {span, arena_strndup(d->arena, b.at, b.n)};
    vec_push(d->arena, x->notes, note);
    buf_free(&b);
}
