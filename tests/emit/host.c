/* host.c -- loads libNAME.so as any program might, and finds its way by the descriptor alone: host SO SYMBOL prints the problem's name, its sizes, what a call without
 * inputs says, and every array with its comment. */
#include <dlfcn.h>
#include <mfl/runtime.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    void *so = argc == 3 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    const mfl_problem *p = so ? (const mfl_problem *)dlsym(so, argv[2]) : NULL;
    const char *(*explain)(int) = NULL;
    mfl_status status = { 0 };
    if (!p) {
        fprintf(stderr, "%s\n", argc == 3 ? dlerror() : "usage: host SO SYMBOL");
        return 1;
    }
    *(void **)(void *)&explain = dlsym(so, "mfl_strerror");
    int code = p->hypergradient(NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, &status);
    printf("%s: %d data, %d meta, %d param, %d bytes a real; %s: %s\n", p->name, p->ndata, p->nmeta, p->nparam, p->real_bytes, status.name ? status.name : "", explain ? explain(code) : "");
    for (int k = 0; k < p->ndata + p->nmeta; k++) {
        const mfl_array *a = k < p->ndata ? &p->data[k] : &p->meta[k - p->ndata];
        printf("%s: %s\n", a->name, a->doc ? a->doc : "");
    }
    return code == MFL_NULL_INPUT ? 0 : 1;
}
