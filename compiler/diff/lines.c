/* lines.c -- the gradients of the `step` lines as regions: which parameters belong to which line, and which of the two ways, mixed or reverse, each goes.
 *
 * All lines step from one gradient of the inner loss; its transposed derivative is the sum over the lines of that of their part, so each may go its own way. */
#include "diff.h"

enum { LINES = 64 };

static size_t root_length(const char *leaf) { return strcspn(leaf, "."); }

static bool begins_line(const Problem *p, int param)
{
    const char *now = p->param.at[param].name, *before = param ? p->param.at[param - 1].name : "";
    return !param || root_length(now) != root_length(before) || strncmp(now, before, root_length(now));
}

int gradient_line(const Problem *p, int param)
{
    int line = -1;
    for (int k = 0; k <= param; k++)
        line += begins_line(p, k) && line < LINES - 1;
    return line;
}

int gradient_lines(const Problem *p) { return p->param.n ? gradient_line(p, p->param.n - 1) + 1 : 0; }

Name gradient_line_name(const Problem *p, int line)
{
    int param = 0;
    while (gradient_line(p, param) < line)
        param++;
    return intern_n(p->param.at[param].name, root_length(p->param.at[param].name));
}

bool gradient_is_mixed(const DiffOptions *o, int line) { return (o->mode != MODE_REVERSE) ^ (o->apart >> line & 1); }

DiffOptions gradient_turned(const Problem *p, const DiffOptions *o, int line)
{
    DiffOptions t = *o;
    int n = gradient_lines(p);
    t.apart ^= (uint64_t)1 << line;
    if (t.apart & 1) {
        t.mode = t.mode == MODE_REVERSE ? MODE_MIXED : MODE_REVERSE;
        t.apart = ~t.apart & (n < LINES ? ((uint64_t)1 << n) - 1 : ~(uint64_t)0);
    }
    return t;
}

const char *mode_text(const Problem *p, const DiffOptions *o)
{
    const char *text = mode_name[o->mode], *others = "";
    for (int k = 0; o->apart && o->mode != MODE_FORWARD && k < gradient_lines(p); k++)
        if (o->apart >> k & 1)
            others = intern_printf("%s%s%s", others, *others ? ", " : "", gradient_line_name(p, k));
    return *others ? intern_printf("%s (%s %s)", text, others, mode_name[o->mode == MODE_REVERSE ? MODE_MIXED : MODE_REVERSE]) : text;
}
