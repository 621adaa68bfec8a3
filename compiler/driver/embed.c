/* embed.c -- mfl/mfl.h: a session behind a C interface. Options go through the table of the command line, messages into a string, and the program with its
 * interface into machine code; the session ends there, and what stays is the code.
 *
 * The compiler's own way to end a process (ice.c) leads back here: what the session held is freed, and its last message is returned. */
#include "driver.h"
#include "mfl/mfl.h"
#include <dlfcn.h>
#include <locale.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>

struct mfl_module { Jit *jit; const mfl_problem *problem; };

/* Names are interned in one table, and a session's messages go to one stream. */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

/* Code in memory finds the runtime's functions among the process's: a library that was loaded for its loader alone (as scripts do) is made visible. */
static void show_runtime(void)
{
    Dl_info own;
    if (dladdr((const void *)&one_at_a_time, &own) && own.dli_fname)
        dlopen(own.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL);
}

static mfl_module *module_of(Session *s)
{
    char *why = NULL;
    mfl_module *m = calloc(1, sizeof *m);
    ice_pass = "jit";
    if (m)
        m->jit = jit_new(s->program, true, &why);
    if (m && m->jit)
        m->problem = jit_symbol(m->jit, arena_printf(s->arena, "%s_problem", s->problem->name));
    if (m && m->problem)
        return m;
    fprintf(messages(), "mflc: machine code could not be made: %s\n", why ? why : "out of memory");
    mfl_module_free(m);
    return NULL;
}

typedef struct Held { Options o; Session s; mfl_module *m; } Held;      /* not on the stack: it is needed after a jump back */

static void compile(Held *h, const char *path, const char *text, const char *const *words)
{
    jmp_buf back;
    ice_return = &back;
    if (!setjmp(back)) {
        h->o.arena = arena_new("options");
        h->o.text = text;
        if (options_of_library(&h->o, path, words) < 0 && session_open(&h->s, &h->o, 0) < 0)
            h->m = module_of(&h->s);
    }
    ice_return = NULL;
    if (h->s.arena)
        session_close(&h->s);
    arena_free(h->o.arena);
}

static mfl_module *compile_with_messages(const char *path, const char *text, const char *const *options, char **said)
{
    char *all = NULL;
    size_t n = 0;
    mfl_module *m;
    if (said)
        *said = NULL;
    Held *h = calloc(1, sizeof *h);
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);    /* numbers have a decimal point, whatever the host's locale: 0.1 would be read as 0 */
    FILE *f = h && c ? open_memstream(&all, &n) : NULL;
    if (!f) {
        if (c)
            freelocale(c);
        free(h);
        return NULL;
    }
    locale_t host = uselocale(c);
    pthread_mutex_lock(&one_at_a_time);
    show_runtime();
    messages_to(f);
    compile(h, path, text, options);
    messages_to(NULL);
    pthread_mutex_unlock(&one_at_a_time);
    uselocale(host);
    freelocale(c);
    m = h->m;
    free(h);
    if (!fclose(f) && n && said)
        *said = all;
    else
        free(all);
    return m;
}

mfl_module *mfl_compile_file(const char *path, const char *const *options, char **messages) { return compile_with_messages(path, NULL, options, messages); }

mfl_module *mfl_compile_text(const char *name, const char *text, const char *const *options, char **messages) { return compile_with_messages(name, text, options, messages); }

void mfl_free_messages(char *messages) { free(messages); }

const mfl_problem *mfl_module_problem(const mfl_module *m) { return m->problem; }

void *mfl_module_symbol(const mfl_module *m, const char *name)
{
    size_t n = strlen(m->problem->name);
    return strncmp(name, m->problem->name, n) || name[n] != '_' ? NULL : jit_symbol(m->jit, name);     /* the process has other names */
}

void mfl_module_free(mfl_module *m)
{
    if (m)
        jit_free(m->jit);
    free(m);
}
