/* habits.c -- for a message about what other languages write, what is written here instead: the rows of habits.def. */
#include "syntax.h"
#include "sema.h"
#include <ctype.h>
#include <string.h>

typedef enum { H_AT, H_NEAR, H_CHAR, H_NAME } Where;
typedef struct Habit { Where where; const char *text, *expected, *hint; } Habit;
static const Habit habits[] = {
#define AT(text, expected, hint)   { H_AT, text, expected, hint },
#define NEAR(text, expected, hint) { H_NEAR, text, expected, hint },
#define CHAR(text, hint)           { H_CHAR, text, "", hint },
#define NAME(text, hint)           { H_NAME, text, "", hint },
#include "habits.def"
};
enum { HABITS = sizeof habits / sizeof *habits };

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

static bool stands(const Source *src, size_t at, const char *text)
{
    size_t n = strlen(text);
    return src->len - at >= n && !memcmp(src->text + at, text, n) && !(is_word(text[0]) && is_word(src->text[at + n]));
}

/* A function of a module or an object: the tokens before the parenthesis are `. NAME`. */
static bool is_method(const Syntax *syn, const Span *at)
{
    const Span *t = syn->tokens.at + syn->tokens.n - 1;
    return syn->tokens.n > 2 && t->first.off == at->first.off && stands(syn->src, at->first.off, "(") && isalpha((unsigned char)syn->src->text[t[-1].first.off]) && stands(syn->src, t[-2].first.off, ".");
}

/* `sum w`: the name of a function, and no parenthesis. */
static bool is_bare_call(const Syntax *syn, const Span *at)
{
    const Span *t = syn->tokens.at + syn->tokens.n - 2;
    return syn->tokens.n > 1 && t[1].first.off == at->first.off && t->first.line == at->first.line && is_word(syn->src->text[at->first.off]) && sema_is_builtin(intern_n(syn->src->text + t->first.off, t->last.off - t->first.off));
}

/* `optimizer name(rate) p, g`: what stands in the place of `on` is the array. */
static bool is_without_on(const Syntax *syn, const Span *at)
{
    const Span *t = syn->tokens.at + syn->tokens.n - 1;
    return syn->tokens.n > 2 && t->first.off == at->first.off && stands(syn->src, at->first.off, ",") && is_word(syn->src->text[t[-1].first.off]) && stands(syn->src, t[-2].first.off, ")");
}

const char *habit_at(const Syntax *syn, Span at, const char *expected)
{
    if (!strcmp(expected, "a name") && is_without_on(syn, &at))
        return "an optimizer names its array and the gradient behind `on`: `on p, g`";
    if (is_method(syn, &at))
        return "a function is called by its name alone, as `sum(a)`: there are no modules and methods";
    if (strstr(expected, "an operator") && is_bare_call(syn, &at))
        return "the arguments of a function stand in parentheses: `sum(a)`";
    for (int k = 0; k < HABITS; k++) {
        const Habit *h = &habits[k];
        bool fits = h->where <= H_NEAR && stands(syn->src, at.first.off, h->text);
        for (int back = 2; !fits && h->where == H_NEAR && back <= 3 && back <= syn->tokens.n; back++)
            fits = syn->tokens.at[syn->tokens.n - back].first.line == at.first.line && stands(syn->src, syn->tokens.at[syn->tokens.n - back].first.off, h->text);
        if (fits && strstr(expected, h->expected))
            return h->hint;
    }
    return NULL;
}

const char *habit_of_character(const Source *src, size_t at)
{
    for (int k = 0; k < HABITS; k++)
        if (habits[k].where == H_CHAR && stands(src, at, habits[k].text))
            return habits[k].hint;
    return NULL;
}

const char *habit_of_name(Name name)
{
    for (int k = 0; k < HABITS; k++)
        if (habits[k].where == H_NAME && !strcmp(habits[k].text, name))
            return habits[k].hint;
    return NULL;
}

const char *habit_text(Arena *a, Name name)
{
    const char *hint = habit_of_name(name);
    return hint ? arena_printf(a, "; %s", hint) : "";
}
